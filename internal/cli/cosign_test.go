package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// TestShowProposedVersion: whoever cosigns a first version reads its text line by line, and
// nothing in it steers the terminal.
func TestShowProposedVersion(t *testing.T) {
	e := logtest.River()[0]
	e.Texts = map[string]string{"en": "River Declaration\n\nThe river\x1b[31m belongs to all.\n"}
	l := logtest.New(t, "https://sijil.example/")
	v, disclosures := e.Version(t, statement.NameOf(l.Key), log.Sum([]byte("genesis")), log.Sum([]byte("genesis")), 1, nil)
	list, err := signatory.Open(v.Signatories.Commitments, disclosures)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := edition.Open(v, e.Files(), list)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := showProposal(Env{Stdout: &out}, &publisher.Proposal{Publication: new(evidence.Publication), Statement: v, Edition: opened, Have: 1, Want: 2}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\n-- text en\nRiver Declaration\n\nThe river\ufffd[31m belongs to all.\n\n-- signatories\n") {
		t.Errorf("%q", out.String())
	}
}
