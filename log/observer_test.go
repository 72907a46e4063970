package log_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
)

func TestObserver(t *testing.T) {
	l := logtest.New(t, "https://log.example")
	policy := l.Trust().Policy()
	one, two := logtest.NewSigner(t).Public().SPKI(), logtest.NewSigner(t).Public().SPKI()
	b, err := log.SignObserver(l.Signer, [][]byte{one, two})
	if err != nil {
		t.Fatal(err)
	}
	v, err := log.OpenObserver(b, policy)
	if err != nil || len(v.Keys()) != 2 || !bytes.Equal(v.Keys()[0], one) || !bytes.Equal(v.Note(), b) {
		t.Fatalf("%+v, %v", v, err)
	}
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 1
		if v, err := log.OpenObserver(bad, policy); err == nil && !bytes.Equal(v.Keys()[0], one) {
			t.Errorf("byte %d changed: another key", i)
		}
	}
	if _, err := log.OpenObserver(b, logtest.New(t, "https://log.example").Trust().Policy()); err == nil {
		t.Error("another log's key is taken")
	}
	if _, err := log.OpenObserver(b, nil); err == nil {
		t.Error("opened without a policy")
	}
	for name, keys := range map[string][][]byte{"none": {}, "twice": {one, one}, "no key": {[]byte("x")}, "too many": make([][]byte, 17)} {
		if _, err := log.SignObserver(l.Signer, keys); err == nil || !strings.HasPrefix(err.Error(), "sign observer: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
