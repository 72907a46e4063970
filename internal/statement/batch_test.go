package statement

import (
	"errors"
	"strings"
	"testing"

	"github.com/sijil/sijil/log"
)

func sampleBatch() *Batch {
	return &Batch{Change: BatchAdd, Count: 2, Issued: "2026-01-31T12:00:00Z", Log: LogName{KeyID: log.Sum([]byte("key")), Origin: "log.example"}, Number: 2,
		Previous: log.Sum([]byte("before")), Publication: log.Sum([]byte("genesis")), Rows: log.Sum([]byte("rows")), Version: &VersionName{Number: 1, Record: log.Sum([]byte("version"))}}
}

// TestBatch: a batch is read back as it was written, and each rule refuses what breaks it.
func TestBatch(t *testing.T) {
	payload, err := EncodeBatch(sampleBatch())
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseBatch(payload)
	if err != nil || got.Number != 2 || got.Version.Number != 1 || got.Rows != log.Sum([]byte("rows")) {
		t.Fatalf("%+v %v", got, err)
	}
	for says, spoil := range map[string]func(*Batch){
		"change":      func(b *Batch) { b.Change = "replace" },
		"count":       func(b *Batch) { b.Count = MaxBatch + 1 },
		"issued":      func(b *Batch) { b.Issued = "2026-01-31T12:00:00+01:00" },
		"number":      func(b *Batch) { b.Number = 0 },
		"previous":    func(b *Batch) { b.Number = 1 },
		"publication": func(b *Batch) { b.Publication = log.Digest{} },
		"rows":        func(b *Batch) { b.Rows = log.Digest{} },
		"version":     func(b *Batch) { b.Version = nil },
		"only an":     func(b *Batch) { b.Change, b.Reason = BatchWithdraw, "x" },
		"reason":      func(b *Batch) { b.Change, b.Version = BatchWithhold, nil },
	} {
		b := sampleBatch()
		spoil(b)
		if _, err := EncodeBatch(b); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	for _, change := range [][2]string{{`"count":2`, `"count":3,"more":1`}, {`"name":"rows"`, `"name":"row"`}, {`"number":2`, `"number": 2`}} {
		spoilt := strings.Replace(string(payload), change[0], change[1], 1)
		if spoilt == string(payload) {
			t.Fatalf("%s is not there", change[0])
		}
		if _, err := ParseBatch([]byte(spoilt)); err == nil {
			t.Errorf("accepted %s", change[1])
		}
	}
	if _, err := ParseBatch([]byte(strings.Replace(string(payload), TypeBatch, TypeRelease, 1))); !errors.Is(err, ErrNoBatch) {
		t.Errorf("another type: %v", err)
	}
}
