package log_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

func TestFreezeVectors(t *testing.T) {
	var v struct {
		Origin   string
		Accepted []struct {
			Name, Text, Root, Successor string
			Size                        int64 `json:",string"`
		}
		Refused []refused
	}
	readVectors(t, "freeze.json", &v)
	l := logtest.New(t, "https://"+v.Origin)
	for _, a := range v.Accepted {
		f, err := log.OpenFreeze(signed(t, l.Signer, a.Text), l.Policy)
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
			continue
		}
		if got := f.Freeze(); got.Size != a.Size || got.Root.String() != a.Root || got.Successor != a.Successor || got.Text() != a.Text {
			t.Errorf("%s: %+v", a.Name, got)
		}
	}
	for _, r := range v.Refused {
		if f, err := log.OpenFreeze(signed(t, l.Signer, r.Text), l.Policy); f != nil || err == nil || !strings.Contains(err.Error(), r.Says) {
			t.Errorf("%s: %v, %v, want …%s…", r.Name, f, err, r.Says)
		}
	}
	if len(v.Accepted) == 0 || len(v.Refused) == 0 {
		t.Error("no vectors")
	}
}

func TestWitnessedVectors(t *testing.T) {
	var v struct {
		Policy   string
		Accepted []struct {
			Name, Checkpoint, Root string
			Size                   int64 `json:",string"`
			Witnesses              []string
			Cosigned               time.Time
		}
		Refused []struct{ Name, Checkpoint, Says string }
	}
	readVectors(t, "witnessed.json", &v)
	p, err := keys.ParsePolicy(v.Policy)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range v.Accepted {
		c, err := log.OpenCheckpoint([]byte(a.Checkpoint), p)
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
			continue
		}
		if c.Size() != a.Size || c.Root().String() != a.Root || !slices.Equal(c.WitnessNames(), a.Witnesses) || !c.Cosigned().Equal(a.Cosigned) {
			t.Errorf("%s: size %d, root %v, witnesses %q at %v", a.Name, c.Size(), c.Root(), c.WitnessNames(), c.Cosigned())
		}
	}
	for _, r := range v.Refused {
		if c, err := log.OpenCheckpoint([]byte(r.Checkpoint), p); c != nil || err == nil || !strings.Contains(err.Error(), r.Says) {
			t.Errorf("%s: %v, want …%s…", r.Name, err, r.Says)
		}
	}
	if len(v.Accepted) == 0 || len(v.Refused) == 0 {
		t.Error("no vectors")
	}
}

func TestRequestVectors(t *testing.T) {
	var v struct {
		Accepted []struct{ Name, Request, Entry string }
		Refused  []struct{ Name, Request, Says string }
	}
	readVectors(t, "request.json", &v)
	for _, a := range v.Accepted {
		e, err := log.ParseEntryRequest([]byte(a.Request))
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
			continue
		}
		if leaf, err := e.Marshal(); err != nil || string(leaf) != a.Entry || e.Verify() != nil {
			t.Errorf("%s: %s, %v", a.Name, leaf, err)
		}
	}
	for _, r := range v.Refused {
		if _, err := log.ParseEntryRequest([]byte(r.Request)); err == nil || !strings.Contains(err.Error(), r.Says) {
			t.Errorf("%s: %v, want …%s…", r.Name, err, r.Says)
		}
	}
	if len(v.Accepted) == 0 || len(v.Refused) == 0 {
		t.Error("no vectors")
	}
}
