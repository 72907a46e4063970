package mirror_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// TestProposal: a mirror holds what waits for signatures, so that an audit of the folder
// finds nothing, and what a service does not serve it does not have.
func TestProposal(t *testing.T) {
	w := newWorld(t, 3)
	w.pub.Endorse(1, "Amina Saleh")
	second := logtest.NewSigner(t)
	w.pub.ChangePolicy(2, w.pub.Signer, second)
	waiting, _ := w.pub.Next(logtest.River()[1])
	index := w.log.Publish(waiting, w.pub.Signer.Public())
	w.grow(300)
	path := evidence.Layout{}.Record("river", waiting.Envelope.Digest())
	find := func(dir string) []audit.Rule {
		t.Helper()
		got, err := audit.Run(t.Context(), client.NewDir(dir), audit.Options{Trust: w.trust(), Copy: true})
		if got == nil {
			t.Fatal(err)
		}
		var rules []audit.Rule
		for _, f := range got.Report.Findings {
			if f.Rule != audit.RuleEntry { // what grow appends is no entry
				rules = append(rules, f.Rule)
			}
		}
		return rules
	}
	served, dir := w.served(), t.TempDir()
	if _, err := w.update(dir, served, w.trust()); err != nil {
		t.Fatal(err)
	}
	if got := find(dir); !slices.Equal(got, []audit.Rule{audit.RuleWithheld}) {
		t.Errorf("a record that is not served: %v", got)
	}
	data, err := w.log.Complete(waiting, w.pub.Signer.Public(), index, w.log.Size()).Marshal()
	check(t, err)
	served.docs[path] = data
	dir = t.TempDir()
	if _, err := w.update(dir, served, w.trust()); err != nil {
		t.Fatal(err)
	}
	if got := find(dir); len(got) > 0 {
		t.Errorf("a record that waits: %v", got)
	}
	if list, err := filepath.Glob(filepath.Join(dir, "api/v1/publications/river/records/????????????????????????????????????????????????????????????????.bundle.json")); err != nil || len(list) != 1 {
		t.Errorf("records by digest: %q %v", list, err)
	}
	served.docs[path] = served.docs[evidence.Layout{}.Bundle("river", 1)]
	if _, err := w.update(t.TempDir(), served, w.trust()); err == nil {
		t.Error("another record under the digest was copied")
	}

	// What a redaction names goes.
	served.docs[path] = data
	redaction := w.pub.Redaction(1, 0)
	redaction.Payloads = []log.Digest{waiting.Envelope.Digest()}
	w.pub.Append(redaction)
	w.pub.Lists[0] = slices.Clone(w.pub.Lists[0])
	w.pub.Lists[0][0] = ""
	if _, err := w.update(dir, w.served(), w.trust()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(path))); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}
