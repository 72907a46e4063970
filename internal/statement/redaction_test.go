package statement_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// redaction withholds the second entry of the version's list, and two records about it.
func redaction() *statement.Redaction {
	return &statement.Redaction{
		Entry: commitment(8), Issued: "2031-08-09T10:11:12Z", Log: statement.LogName{KeyID: digest(7), Origin: "log.example"},
		Payloads: []log.Digest{digest(10), digest(11)}, Previous: digest(2), Publication: digest(1), Sequence: 2,
	}
}

func TestRedactionHeader(t *testing.T) {
	r := redaction()
	if diff := cmp.Diff(statement.Header{Log: r.Log, Publication: digest(1), Sequence: 2, Previous: digest(2)}, r.Header()); diff != "" {
		t.Error(diff)
	}
	if want := log.Sum([]byte(`["` + digest(10).String() + `","` + digest(11).String() + `"]`)); statement.Artifact(r) != want {
		t.Errorf("artifact %s, want the payloads' list, %s", statement.Artifact(r), want)
	}
	r.Payloads = []log.Digest{}
	if _, err := statement.Encode(r); err != nil {
		t.Errorf("without payloads: %v", err)
	}
}

func TestRedactionRules(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *statement.Redaction)
		says   string
	}{
		"no log":                    {func(r *statement.Redaction) { r.Log.Origin = "" }, "log: want"},
		"no publication":            {func(r *statement.Redaction) { r.Publication = log.Digest{} }, "publication and previous"},
		"sequence 0":                {func(r *statement.Redaction) { r.Sequence = 0 }, "sequence 0"},
		"issued":                    {func(r *statement.Redaction) { r.Issued = "2031-06-07" }, "issued"},
		"no entry":                  {func(r *statement.Redaction) { r.Entry = "" }, "entry: want a commitment"},
		"a name for an entry":       {func(r *statement.Redaction) { r.Entry = "Union of Well Keepers" }, "entry: want a commitment"},
		"entry with spare bits":     {func(r *statement.Redaction) { r.Entry = commitment(0)[:42] + "B" }, "entry: want a commitment"},
		"no list of payloads":       {func(r *statement.Redaction) { r.Payloads = nil }, "payloads: want a list"},
		"too many payloads":         {func(r *statement.Redaction) { r.Payloads = make([]log.Digest, 1001) }, "at most 1000"},
		"payload of zeros":          {func(r *statement.Redaction) { r.Payloads[0] = log.Digest{} }, "payloads: want record digests"},
		"payloads in another order": {func(r *statement.Redaction) { r.Payloads[0], r.Payloads[1] = r.Payloads[1], r.Payloads[0] }, "payloads: they are sorted"},
		"a payload twice":           {func(r *statement.Redaction) { r.Payloads[1] = r.Payloads[0] }, "payloads: they are sorted"},
	} {
		r := redaction()
		c.change(r)
		if b, err := statement.Encode(r); b != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), statement.TypeRedaction+": ") {
			t.Errorf("%s: Encode = %s, %v, want …%s…", name, b, err, c.says)
		}
	}
}
