package statement_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// TestRetractionTarget: what is withdrawn is what a stock client is asked about.
func TestRetractionTarget(t *testing.T) {
	for _, c := range []struct {
		r    *statement.Retraction
		want log.Digest
	}{{retraction(), digest(2)}, {retractionOfAll(), digest(1)}} {
		if c.r.Target() != c.want || statement.Artifact(c.r) != c.want {
			t.Errorf("target %s, artifact %s, want %s", c.r.Target(), statement.Artifact(c.r), c.want)
		}
		if diff := cmp.Diff(statement.Header{Log: c.r.Log, Publication: digest(1), Sequence: 2, Previous: digest(2)}, c.r.Header()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestRetractionRules(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *statement.Retraction)
		says   string
	}{
		"no log":              {func(r *statement.Retraction) { r.Log.Origin = "" }, "log: want"},
		"no publication":      {func(r *statement.Retraction) { r.Publication = log.Digest{} }, "publication and previous"},
		"no previous":         {func(r *statement.Retraction) { r.Previous = log.Digest{} }, "publication and previous"},
		"sequence 0":          {func(r *statement.Retraction) { r.Sequence = 0 }, "sequence 0"},
		"sequence over 2^53":  {func(r *statement.Retraction) { r.Sequence = 1 << 53 }, "sequence 9007199254740992"},
		"version 0":           {func(r *statement.Retraction) { r.Version.Number = 0 }, "version: number 0"},
		"version -1":          {func(r *statement.Retraction) { r.Version.Number = -1 }, "version: number -1"},
		"version to come":     {func(r *statement.Retraction) { r.Version.Number = 2 }, "version: number 2: want that of a version before"},
		"no version record":   {func(r *statement.Retraction) { r.Version.Record = log.Digest{} }, "version: record"},
		"the genesis for one": {func(r *statement.Retraction) { r.Version.Record = r.Publication }, "version: record"},
		"issued":              {func(r *statement.Retraction) { r.Issued = "2031-06-07" }, "issued"},
		"no reason":           {func(r *statement.Retraction) { r.Reason = "" }, "reason: empty: say why"},
		"long reason":         {func(r *statement.Retraction) { r.Reason = strings.Repeat("x", 2001) }, "reason: over 2000"},
		"reordering reason":   {func(r *statement.Retraction) { r.Reason = "a\u202eb" }, "reason: character U+202E"},
	} {
		r := retraction()
		c.change(r)
		if b, err := statement.Encode(r); b != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), statement.TypeRetraction+": ") {
			t.Errorf("%s: Encode = %s, %v, want …%s…", name, b, err, c.says)
		}
	}
}
