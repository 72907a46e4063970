package audit

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
)

// inParts is what an honest service serves in parts of two records.
func (x *endorsed) inParts() (d logtest.Documents, lines [][]byte) {
	d = x.served()
	lines = linesOf(d)
	d.Parts(layout, slug, 2, lines)
	return d, lines
}

// TestTamperedParts: of parts of two records, of which there are four, the last with one.
func TestTamperedParts(t *testing.T) {
	x := newEndorsed(t, nil)
	honest, l := x.inParts()
	if len(l) != 7 || honest[layout.Endorsements(slug, 4)] == nil || honest[layout.Endorsements(slug, 5)] != nil {
		t.Fatalf("%d lines in other parts", len(l))
	}
	o := x.options()
	o.partRecords = 2
	part := func(n int) string { return layout.Endorsements(slug, n) }
	put := func(n int, lines ...[]byte) func(logtest.Documents) {
		return func(d logtest.Documents) { d[part(n)] = append([]byte{}, bytes.Join(lines, nil)...) }
	}
	drop := func(n int) func(logtest.Documents) { return func(d logtest.Documents) { delete(d, part(n)) } }
	hidden := func(indexes ...int64) (out []found) {
		for _, i := range indexes {
			path := bundle1
			if i >= 512 {
				path = bundle2
			}
			out = append(out, found{RuleWithheld, i, path})
		}
		return out
	}
	with := func(out []found, more ...found) []found { return append(out, more...) }
	wrong := func(n int) found { return found{RuleAside, -1, part(n)} }
	for _, c := range []struct {
		name   string
		tamper []func(logtest.Documents)
		want   []found
	}{
		{"nothing", nil, []found{}},
		{"a part left out", []func(logtest.Documents){drop(2)}, with(hidden(deniedAt, withdrawnAt, againAt, laterAt), wrong(2))},
		{"the last part left out", []func(logtest.Documents){drop(4)}, with(hidden(laterAt), wrong(4))},
		{"the first part alone, and not full", []func(logtest.Documents){put(1, l[0])}, hidden(endorsedAt, deniedAt, withdrawnAt, againAt, laterAt)},
		{"a part repeated", []func(logtest.Documents){put(3, l[2], l[3])}, with(hidden(againAt), found{RuleAside, deniedAt, part(3)})},
		{"a line moved up", []func(logtest.Documents){put(1, l[0], l[1], l[2]), put(2, l[3], l[4]), put(3, l[5], l[6]), put(4)}, with(hidden(deniedAt), wrong(1))},
		{"a line moved on", []func(logtest.Documents){put(2, l[2], l[4]), put(3, l[3], l[5])}, []found{{RuleAside, withdrawnAt, part(3)}}},
		{"two parts exchanged", []func(logtest.Documents){put(1, l[2], l[3]), put(2, l[0], l[1])}, []found{{RuleAside, enrolledAt, part(2)}}},
		{"a line more", []func(logtest.Documents){put(2, l[2], l[3], l[4])}, []found{wrong(2)}},
		{"thousands of lines that are none", []func(logtest.Documents){put(2, l[2], l[3], bytes.Repeat([]byte("x\n"), 5000))}, []found{wrong(2)}},
		{"a damaged line in a full part", []func(logtest.Documents){put(2, []byte("{}\n"), l[3])}, with(hidden(deniedAt), wrong(2))},
		{"a withheld line served", []func(logtest.Documents){put(2, x.line(*x.at(observedAt)), l[2]), put(3, l[3], l[4]), put(4, l[5], l[6]), put(5)}, []found{{RuleServed, observedAt, part(2)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := honest.Clone()
			for _, f := range c.tamper {
				f(d)
			}
			audited(t, d, o, c.want)
		})
	}
}

// shifting is a source to which a record comes, late, before others that were there, after some
// answers about what signatories said.
type shifting struct {
	before, after logtest.Documents
	left          int
}

func (s *shifting) Fetch(ctx context.Context, path string) ([]byte, error) {
	if strings.Contains(path, "/endorsements.") {
		if s.left--; s.left >= 0 {
			return s.before.Fetch(ctx, path)
		}
	}
	return s.after.Fetch(ctx, path)
}

// TestPartsWhileEndorsing: an honest service whose parts change between two answers is found
// honest.
func TestPartsWhileEndorsing(t *testing.T) {
	x := newEndorsed(t, nil)
	after, l := x.inParts()
	o := x.options()
	o.partRecords = 2
	for i := range l[:6] {
		before := after.Clone()
		before.Parts(layout, slug, 2, slices.Delete(slices.Clone(l), i, i+1))
		for left := range 4 {
			s := &shifting{before, after, left}
			r, err := Run(t.Context(), s, o)
			if err != nil || len(r.Report.Findings) > 0 {
				t.Errorf("without line %d at first, after %d answers: %v, %+v", i, left, err, r.Report.Findings)
			}
		}
	}
}
