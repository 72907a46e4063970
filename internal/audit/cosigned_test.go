package audit

import (
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// cosigned is a world whose publication asks for two signatures of three keys, by a
// policy at index 20: version 1 stands at 300 and 301, version 2 at 550 and 551.
type cosigned struct {
	*world
	keys []*keys.Signer
}

func newCosigned(t testing.TB, meddle func(w *cosigned, index int64)) *cosigned {
	c := &cosigned{keys: []*keys.Signer{nil, logtest.NewSigner(t), logtest.NewSigner(t)}}
	c.world = newWorld(t, func(w *world, index int64) {
		if c.world = w; index == 20 {
			c.keys[0] = w.signer
			w.pub.ChangePolicy(2, c.keys...)
		} else if meddle != nil {
			meddle(c, index)
		}
	})
	return c
}

// sign logs a signature over what b signs.
func (c *cosigned) sign(b *log.Bundle, key int) {
	again := logtest.Sign(c.t, c.keys[key], b.Envelope.Payload)
	c.log.Publish(again, c.keys[key].Public())
}

func second(sequence int64) string { return layout.Cosigned(slug, sequence, 2) }

// TestCosigned: a chain that several keys sign is clean, whoever signs next.
func TestCosigned(t *testing.T) {
	w := newCosigned(t, func(c *cosigned, index int64) {
		switch index {
		case 400:
			c.pub.ChangePolicy(2, c.keys[1], c.keys[2])
		case 560:
			c.pub.Redact(1, 0)
		}
	})
	r := audited(t, w.served(), w.options(), []found{})
	if r.Publications[0].Records != 6 {
		t.Errorf("%d records", r.Publications[0].Records)
	}
}

// TestTamperedSignatures alters what a source serves of a record's signatures.
func TestTamperedSignatures(t *testing.T) {
	w := newCosigned(t, nil)
	version1, version2 := layout.Record(slug, w.pub.Bundles[2].Envelope.Digest()), layout.Record(slug, w.pub.Bundles[3].Envelope.Digest())
	hidden2 := []found{{RuleWithheld, 550, version2}, {RuleWithheld, 551, version2}}
	lost := func(rule Rule, path string) []found {
		return append([]found{{rule, -1, path}, {RuleHead, 551, layout.Head(slug)}}, hidden2...)
	}
	for _, c := range []struct {
		name   string
		tamper func(d logtest.Documents)
		want   []found
	}{
		{"no second bundle", func(d logtest.Documents) { delete(d, second(3)) }, lost(RuleMissing, second(3))},
		{"the first again", func(d logtest.Documents) { d[second(3)] = d[records(3)] }, lost(RuleRecordKey, second(3))},
		{"over another statement", func(d logtest.Documents) { d[second(3)] = d[second(2)] }, lost(RuleRecordKey, second(3))},
		{"not canonical", func(d logtest.Documents) { d[second(3)] = append(d[second(3)], '\n') }, lost(RuleRecord, second(3))},
		{"swapped", func(d logtest.Documents) { d[records(3)], d[second(3)] = d[second(3)], d[records(3)] },
			[]found{{RuleOrder, 550, second(3)}, {RuleHead, 551, layout.Head(slug)}}},
		{"none of an earlier record", func(d logtest.Documents) { delete(d, second(2)) },
			[]found{{RuleMissing, -1, second(2)}, {RuleHead, 551, layout.Head(slug)}, {RuleWithheld, 300, version1}, {RuleWithheld, 301, version1}, hidden2[0], hidden2[1]}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := w.served().Clone()
			c.tamper(d)
			audited(t, d, w.options(), c.want)
		})
	}
}

// TestProposals: a record that waits for signatures is no finding while it is served;
// one that has enough and is in no chain is.
func TestProposals(t *testing.T) {
	type signed struct {
		at  int64
		key int
	}
	const rotated = 570 // where the first key is removed, in the cases that say so
	for _, c := range []struct {
		name   string
		signed []signed // the rival's signatures
		hidden bool     // nobody serves what was signed
		rotate bool
		want   []found
		says   string // of the first finding
	}{
		{name: "one signature", signed: []signed{{590, 1}}},
		{name: "one key twice", signed: []signed{{590, 1}, {592, 1}}},
		{name: "one that lost its place", signed: []signed{{540, 1}}},
		{name: "one that is not served", signed: []signed{{590, 1}}, hidden: true, want: []found{{Rule: RuleWithheld, Index: 590}}},
		{name: "enough, after the newest", signed: []signed{{590, 0}, {592, 2}},
			want: []found{{Rule: RuleUnlisted, Index: 590}, {Rule: RuleUnlisted, Index: 592}}, says: "the newest that is served"},
		{name: "enough, not served", signed: []signed{{590, 0}, {592, 2}}, hidden: true,
			want: []found{{Rule: RuleWithheld, Index: 590}, {Rule: RuleWithheld, Index: 592}}},
		{name: "enough, before the chain's", signed: []signed{{540, 0}, {542, 1}},
			want: []found{{Rule: RuleFork, Index: 540}, {Rule: RuleFork, Index: 542}}, says: "it stands first, at index 542"},
		{name: "enough, too late", signed: []signed{{540, 0}, {590, 1}},
			want: []found{{Rule: RuleFork, Index: 540}, {Rule: RuleFork, Index: 590}}, says: "which stands first, at index 551"},
		{name: "a key that was removed, and one that counts", signed: []signed{{580, 0}, {590, 1}}, rotate: true, want: []found{{Rule: RuleOutsideWindow, Index: 580}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var rival *log.Bundle
			w := newCosigned(t, func(w *cosigned, index int64) {
				if c.rotate && index == rotated {
					w.pub.ChangePolicy(2, w.keys[1], w.keys[2])
					return
				}
				if index == c.signed[0].at {
					rival = w.rival(w.keys[0], "the other")
				}
				for _, s := range c.signed {
					if s.at == index {
						w.sign(rival, s.key)
					}
				}
			})
			if !c.hidden {
				w.serveRecord(rival)
			}
			want := []found{}
			for _, f := range c.want {
				want = append(want, found{f.Rule, f.Index, layout.Record(slug, rival.Envelope.Digest())})
			}
			r := audited(t, w.served(), w.options(), want)
			if len(r.Findings) > 0 && !strings.Contains(r.Findings[0].Detail, c.says) {
				t.Errorf("it says %q, want …%s…", r.Findings[0].Detail, c.says)
			}
		})
	}
}
