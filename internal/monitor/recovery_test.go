package monitor

import (
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// TestRecovery: that a recovery was announced is told at once, since whoever has the keys in
// force has only so many days to end it.
func TestRecovery(t *testing.T) {
	w := newWorld(t)
	recovery, next := logtest.NewSigner(t), logtest.NewSigner(t)
	name := statement.NameOf(w.log.Key)
	genesis := logtest.SignStatement(t, w.signer, &statement.Publication{Log: name, Slug: slug, Title: logtest.River()[0].Title(),
		Policy: statement.NewPolicy(1, w.signer.Public()).WithRecovery(7, recovery.Public())})
	w.pub = &logtest.Publication{Log: w.log, Slug: slug, Signer: w.signer, Bundles: []*log.Bundle{genesis}, Indexes: []int64{w.log.Publish(genesis, w.signer.Public())}}
	w.pub.Add(logtest.River()[0])
	w.pin()
	w.serve()
	w.once()

	w.pub.Signer = recovery
	w.pub.Append(&statement.Recovery{Issued: "2031-05-06T07:08:09Z", Log: name, Policy: statement.NewPolicy(1, next.Public()).WithRecovery(7, recovery.Public()),
		Previous: w.pub.Bundles[1].Envelope.Digest(), Publication: w.pub.Genesis(), Reason: "All keys are lost.", Sequence: 2})
	w.serve()
	var got []Event
	for _, e := range w.once() {
		if e.Publication == slug && e.Type != Finding {
			got = append(got, e)
		}
	}
	if len(got) != 1 {
		t.Fatalf("told\n%s", summaries(got))
	}
	e := got[0]
	if e.Type != Recovery || e.Days != 7 || len(e.KeysIn) != 1 || e.KeysIn[0] != next.Public().Digest() || len(e.KeysOut) != 1 || e.Reason != "All keys are lost." ||
		!strings.Contains(e.Summary, "a RECOVERY was announced: after 7 days in public") {
		t.Errorf("%+v", e)
	}
}
