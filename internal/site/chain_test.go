package site

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// TestChainOfSeveralKeys: the chain and the history say what each record is, and who
// signed it, in every language.
func TestChainOfSeveralKeys(t *testing.T) {
	w := newWorld(t)
	w.wells()
	ctx, first, second := context.Background(), w.signer, logtest.NewSigner(t)
	submit := func(s statement.Statement) {
		t.Helper()
		_, err := w.service.Submit(ctx, "wells", w.sign(s), publish.Content{})
		check(t, err)
	}
	p, err := w.service.Publication("wells")
	check(t, err)
	issued := clock().Format(time.RFC3339)
	submit(&statement.PolicyChange{Log: w.name, Publication: p.Genesis, Previous: p.Head, Sequence: 3, Issued: issued, Reason: "Both of us sign.",
		Policy: statement.NewPolicy(2, first.Public(), second.Public())})
	records, err := w.service.Records("wells")
	check(t, err)
	list, err := w.service.Signatories("wells", 1)
	check(t, err)
	_, entry, _ := strings.Cut(string(list), `"commitments":["`)
	redaction := &statement.Redaction{Log: w.name, Publication: p.Genesis, Previous: records[3].Record, Sequence: 4, Issued: issued, Entry: entry[:43], Payloads: []log.Digest{}}
	submit(redaction)
	w.signer = second
	submit(redaction)
	for lang, want := range map[string][2]string{
		"": {"A new publication policy", "One name is withheld"}, "/fr": {"Une nouvelle politique de publication", "Un nom est retiré de la vue"},
		"/ar": {"سياسة نشر جديدة", "اسم واحد محجوب"},
	} {
		for _, path := range []string{lang + "/p/wells/chain", lang + "/p/wells/history"} {
			root, main := mainOf(t, w, path)
			holds(t, path, main, want[0], want[1], first.Public().Digest().String(), second.Public().Digest().String())
			for _, bundle := range []string{"3.bundle.json", "4.bundle.json", "4.2.bundle.json"} {
				if !has(root, linkTo("/api/v1/publications/wells/records/"+bundle)) {
					t.Errorf("%s: no link to %s", path, bundle)
				}
			}
		}
	}
	// Either signature's entry leads to the chain.
	for _, path := range []string{"/log/entries/4", "/log/entries/5"} {
		if root, main := mainOf(t, w, path); !has(root, linkTo("/p/wells/chain")) || !strings.Contains(main, "One name is withheld") {
			t.Errorf("%s: %s", path, main)
		}
	}
}
