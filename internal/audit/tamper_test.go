package audit

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

var layout = evidence.Layout{}

func records(sequence int64) string { return layout.Bundle(slug, sequence) }

const (
	bundle0 = "tile/entries/000"
	bundle1 = "tile/entries/001"
	bundle2 = "tile/entries/002.p/88"
	leaves0 = "tile/0/000"
	leaves1 = "tile/0/001"
	leaves2 = "tile/0/002.p/88"
	upper   = "tile/1/000.p/2"
)

// TestTamperedTiles alters what a source serves of an honest log.
func TestTamperedTiles(t *testing.T) {
	w := newWorld(t, nil)
	honest := w.served()
	swap := func(d logtest.Documents, a, b string) { d[a], d[b] = d[b], d[a] }
	drop := func(d logtest.Documents, paths ...string) {
		for _, p := range paths {
			delete(d, p)
		}
	}
	for _, c := range []struct {
		name   string
		tamper func(d logtest.Documents)
		want   []found
	}{
		{"bit in a full tile of level 0", func(d logtest.Documents) { flip(d, leaves1, 100) }, []found{{RuleTile, -1, leaves1}}},
		{"bit in the partial tile of level 0", func(d logtest.Documents) { flip(d, leaves2, -1) }, []found{{RuleTile, -1, leaves2}}},
		{"bit in the tile of level 1", func(d logtest.Documents) { flip(d, upper, 0) }, []found{{RuleTile, -1, upper}}},
		{"bits in both edge tiles", func(d logtest.Documents) { flip(d, upper, 0); flip(d, leaves2, 0) }, []found{{RuleTile, -1, leaves2}, {RuleTile, -1, upper}}},
		{"bits in tiles of both levels", func(d logtest.Documents) { flip(d, upper, 0); flip(d, leaves0, 0) }, []found{{RuleTile, -1, leaves0}, {RuleTile, -1, upper}}},
		{"bit in an entry of a full bundle", func(d logtest.Documents) { flip(d, bundle0, -1) }, []found{{RuleBundle, 255, bundle0}}},
		{"bit in an entry of the partial bundle", func(d logtest.Documents) { flip(d, bundle2, -1) }, []found{{RuleBundle, 599, bundle2}}},
		{"bit in a length", func(d logtest.Documents) { flip(d, bundle0, 0) }, []found{{RuleBundle, -1, bundle0}, {RuleBundle, 0, bundle0}}},
		{"bundle and its tile", func(d logtest.Documents) { flip(d, bundle1, -1); flip(d, leaves1, -1) }, []found{{RuleTile, -1, leaves1}, {RuleBundle, -1, bundle1}}},
		{"truncated tile", func(d logtest.Documents) { d[leaves0] = d[leaves0][:8191] }, []found{{RuleTile, -1, leaves0}}},
		{"tile with more", func(d logtest.Documents) { d[leaves0] = append(bytes.Clone(d[leaves0]), 0) }, []found{{RuleTile, -1, leaves0}}},
		{"truncated edge tile", func(d logtest.Documents) { d[upper] = d[upper][:32] }, []found{{RuleTile, -1, upper}}},
		{"truncated bundle", func(d logtest.Documents) { d[bundle1] = d[bundle1][:5000] }, []found{{RuleBundle, -1, bundle1}}},
		{"bundle with more", func(d logtest.Documents) { d[bundle1] = append(bytes.Clone(d[bundle1]), 0, 0) }, []found{{RuleBundle, -1, bundle1}}},
		{"empty bundle", func(d logtest.Documents) { d[bundle1] = nil }, []found{{RuleBundle, -1, bundle1}}},
		{"missing tile", func(d logtest.Documents) { drop(d, leaves0) }, []found{{RuleMissing, -1, leaves0}}},
		{"missing edge tile", func(d logtest.Documents) { drop(d, leaves2) }, []found{{RuleMissing, -1, leaves2}}},
		{"missing upper tile", func(d logtest.Documents) { drop(d, upper) }, []found{{RuleMissing, -1, upper}}},
		{"missing bundle", func(d logtest.Documents) { drop(d, bundle1) }, []found{{RuleMissing, -1, bundle1}}},
		{"missing tile and bundle", func(d logtest.Documents) { drop(d, leaves0, bundle0) }, []found{{RuleMissing, -1, leaves0}, {RuleMissing, -1, bundle0}}},
		{"missing upper tile and bundle", func(d logtest.Documents) { drop(d, upper, bundle0) }, []found{{RuleMissing, -1, upper}, {RuleMissing, -1, bundle0}}},
		{"swapped tiles", func(d logtest.Documents) { swap(d, leaves0, leaves1) }, []found{{RuleTile, -1, leaves0}, {RuleTile, -1, leaves1}}},
		{"swapped bundles", func(d logtest.Documents) { swap(d, bundle0, bundle1) }, []found{{RuleBundle, 0, bundle0}, {RuleBundle, 256, bundle1}}},
		{"swapped tiles and bundles", func(d logtest.Documents) { swap(d, leaves0, leaves1); swap(d, bundle0, bundle1) },
			[]found{{RuleTile, -1, leaves0}, {RuleTile, -1, leaves1}, {RuleBundle, -1, bundle0}, {RuleBundle, -1, bundle1}}},
		{"checkpoint missing", func(d logtest.Documents) { drop(d, "checkpoint") }, []found{{RuleCheckpoint, -1, "checkpoint"}}},
		{"checkpoint altered", func(d logtest.Documents) { flip(d, "checkpoint", 20) }, []found{{RuleCheckpoint, -1, "checkpoint"}}},
		{"no listing", func(d logtest.Documents) { drop(d, layout.Trust()) }, []found{{RuleMissing, -1, layout.Trust()}}},
		{"damaged listing", func(d logtest.Documents) { flip(d, layout.Trust(), 5) }, []found{{RuleListing, -1, layout.Trust()}}},
		{"listing of another log", func(d logtest.Documents) {
			d[layout.Trust()], _ = logtest.New(t, "https://sijil.example/").Trust().Marshal()
		}, []found{{RuleListing, -1, layout.Trust()}}},
		{"listing of another genesis", func(d logtest.Documents) {
			other, err := w.log.Trust().Pin(slug, log.Sum([]byte("other")))
			check(t, err)
			d[layout.Trust()], _ = other.Marshal()
		}, []found{{RuleGenesis, -1, records(0)}}},
		{"listing with two slugs for one genesis", func(d logtest.Documents) {
			other, err := w.trust.Pin("water", w.pub.Genesis())
			check(t, err)
			d[layout.Trust()], _ = other.Marshal()
		}, []found{{RuleMissing, -1, layout.Bundle("water", 0)}, {RuleListing, -1, layout.Trust()}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := honest.Clone()
			c.tamper(d)
			audited(t, d, w.options(), c.want)
		})
	}
}

// TestTamperedPublication alters what a source serves of a publication.
func TestTamperedPublication(t *testing.T) {
	w := newWorld(t, nil)
	honest := w.served()
	earlier := w.servedAt(400)
	for _, c := range []struct {
		name   string
		tamper func(d logtest.Documents)
		want   []found
	}{
		{"gap", func(d logtest.Documents) { delete(d, records(1)) },
			[]found{{RuleGap, -1, records(1)}, {RuleHead, version2At, layout.Head(slug)}, {RuleWithheld, version1At, ""}, {RuleWithheld, version2At, ""}}},
		{"last record missing", func(d logtest.Documents) { delete(d, records(2)) },
			[]found{{RuleHead, version2At, layout.Head(slug)}, {RuleWithheld, version2At, ""}}},
		{"genesis missing", func(d logtest.Documents) { delete(d, records(0)) }, []found{{RuleGap, -1, records(0)}}},
		{"nothing of it", func(d logtest.Documents) {
			for path := range d {
				if strings.Contains(path, "/publications/") {
					delete(d, path)
				}
			}
		}, []found{{RuleMissing, -1, records(0)}}},
		{"records swapped", func(d logtest.Documents) { d[records(1)], d[records(2)] = d[records(2)], d[records(1)] },
			[]found{{RuleChain, -1, records(1)}, {RuleHead, version2At, layout.Head(slug)}, {RuleWithheld, version1At, ""}, {RuleWithheld, version2At, ""}}},
		{"record not canonical", func(d logtest.Documents) { d[records(2)] = append(bytes.Clone(d[records(2)]), '\n') },
			[]found{{RuleRecord, -1, records(2)}, {RuleHead, version2At, layout.Head(slug)}, {RuleWithheld, version2At, ""}}},
		{"record by a stranger", func(d logtest.Documents) {
			d[records(3)], _ = w.rival(w.others[0], "x").Marshal()
		}, []found{{RuleRecordKey, -1, records(3)}}},
		{"proof altered", func(d logtest.Documents) {
			d[records(2)] = bytes.Replace(d[records(2)], []byte(`"treeSize":"600"`), []byte(`"treeSize":"599"`), 1)
		}, []found{{RuleProof, version2At, records(2)}}},
		{"index altered", func(d logtest.Documents) {
			d[records(2)] = bytes.ReplaceAll(d[records(2)], []byte(`"logIndex":"550"`), []byte(`"logIndex":"551"`))
		}, []found{{RuleProof, 551, records(2)}, {RuleIndex, 551, records(2)}, {RuleHead, version2At, layout.Head(slug)}, {RuleReplay, version2At, bundle2}}},
		{"text with another byte", func(d logtest.Documents) { flip(d, layout.Text(slug, 1, "en"), 40) }, []found{{RuleText, version1At, layout.Text(slug, 1, "en")}}},
		{"text missing", func(d logtest.Documents) { delete(d, layout.Text(slug, 2, "ar")) }, []found{{RuleMissing, version2At, layout.Text(slug, 2, "ar")}}},
		{"list of another version", func(d logtest.Documents) { d[layout.Signatories(slug, 1)] = d[layout.Signatories(slug, 2)] },
			[]found{{RuleCommitments, version1At, layout.Signatories(slug, 1)}}},
		{"commitment altered", func(d logtest.Documents) { flip(d, layout.Signatories(slug, 2), 30) }, []found{{RuleCommitments, version2At, layout.Signatories(slug, 2)}}},
		{"list missing", func(d logtest.Documents) { delete(d, layout.Signatories(slug, 1)) }, []found{{RuleMissing, version1At, layout.Signatories(slug, 1)}}},
		{"head missing", func(d logtest.Documents) { delete(d, layout.Head(slug)) }, []found{{RuleMissing, -1, layout.Head(slug)}}},
		{"head altered", func(d logtest.Documents) { flip(d, layout.Head(slug), 40) }, []found{{RuleHead, -1, layout.Head(slug)}}},
		{"head behind, of an earlier tree", func(d logtest.Documents) { d[layout.Head(slug)] = earlier[layout.Head(slug)] },
			[]found{{RuleHeadBehind, version2At, layout.Head(slug)}}},
		{"head that leaves a record out", func(d logtest.Documents) { w.head(d, 1, version1At, worldSize) }, []found{{RuleHeadBehind, version2At, layout.Head(slug)}}},
		{"head at another index", func(d logtest.Documents) { w.head(d, 2, version2At+1, worldSize) }, []found{{RuleHead, version2At + 1, layout.Head(slug)}}},
		{"head of a tree that nobody signed", func(d logtest.Documents) { w.head(d, 2, version2At, worldSize+1) }, []found{{RuleHead, version2At, layout.Head(slug)}}},
		{"head of another publication", func(d logtest.Documents) {
			d[layout.Head(slug)] = w.log.Head(log.Head{Genesis: log.Sum(nil), Record: log.Sum(nil), Index: 1, TreeSize: 2})
		}, []found{{RuleHead, -1, layout.Head(slug)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := honest.Clone()
			c.tamper(d)
			for i, f := range c.want {
				if f.Path == "" {
					c.want[i].Path = layout.Record(slug, w.recordAt(f.Index))
				}
			}
			audited(t, d, w.options(), c.want)
		})
	}
}

func (w *world) recordAt(index int64) log.Digest {
	for i, at := range w.pub.Indexes {
		if at == index {
			return w.pub.Bundles[i].Envelope.Digest()
		}
	}
	return log.Digest{}
}

func (w *world) head(d logtest.Documents, sequence int, index, size int64) {
	d[layout.Head(slug)] = w.log.Head(log.Head{Genesis: w.pub.Genesis(), Record: w.pub.Bundles[sequence].Envelope.Digest(), Index: index, TreeSize: size})
}

// TestTamperedLog builds logs whose operator took what he should have refused.
func TestTamperedLog(t *testing.T) {
	at := func(index int64, f func(w *world)) func(*world, int64) {
		return func(w *world, i int64) {
			if i == index {
				f(w)
			}
		}
	}
	raw := func(change func(entry []byte) []byte) func(w *world) {
		return func(w *world) {
			s := w.others[0]
			signed, err := logtest.Sign(t, s, []byte("raw")).VerifySignature(s.Public().ECDSA())
			check(t, err)
			w.log.Append(change(signed.Leaf()))
		}
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("%s does not hold %s", b, old)
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	var rival *log.Bundle
	publish := func(serve bool, make func(w *world) *log.Bundle) func(w *world) {
		return func(w *world) {
			rival = make(w)
			w.log.Publish(rival, w.signer.Public())
			if serve {
				w.serveRecord(rival)
			}
		}
	}
	second := func(w *world) *log.Bundle { return w.rival(w.signer, "the other") }
	byDigest := "record"
	for _, c := range []struct {
		name   string
		meddle func(*world, int64)
		want   []found
	}{
		{"bad signature", at(100, raw(func(b []byte) []byte {
			e, err := log.ParseEntry(b)
			check(t, err)
			e.Digest = log.Sum([]byte("another"))
			out, err := e.Marshal()
			check(t, err)
			return out
		})), []found{{RuleSignature, 100, bundle0}}},
		{"unknown key type", at(100, raw(replace("PKIX_ECDSA_P256_SHA_256", "PKIX_ED25519"))), []found{{RuleEntry, 100, bundle0}}},
		{"another encoding", at(300, raw(replace(`{"apiVersion"`, `{ "apiVersion"`))), []found{{RuleEntry, 300, bundle1}}},
		{"bytes after the entry", at(560, raw(func(b []byte) []byte { return append(b, '\n') })), []found{{RuleEntry, 560, bundle2}}},
		{"another version", at(0, raw(replace("0.0.2", "0.0.1"))), []found{{RuleEntry, 0, bundle0}}},
		{"no entry at all", at(0, raw(func([]byte) []byte { return nil })), []found{{RuleEntry, 0, bundle0}}},
		{"entry over 65,535 bytes", at(70, raw(func(b []byte) []byte { return append(b, make([]byte, 70_000)...) })),
			[]found{{RuleBundle, -1, bundle0}, {RuleBundle, 70, bundle0}}},
		{"the same entry twice", at(500, func(w *world) { w.log.Append(w.log.Entries()[3]) }), []found{{RuleDuplicate, 500, bundle1}}},
		{"a record of the chain twice", at(520, func(w *world) { w.log.Append(w.log.Entries()[version1At]) }), []found{{RuleDuplicate, 520, bundle2}}},
		{"replay", at(520, func(w *world) { w.log.Publish(signAgain(t, w.signer, w.pub.Bundles[1]), w.signer.Public()) }), []found{{RuleReplay, 520, "tile/entries/002.p/88"}}},
		{"fork, served", func(w *world, i int64) {
			switch i {
			case version2At - 1:
				rival = second(w)
			case 560:
				w.log.Publish(rival, w.signer.Public())
				w.serveRecord(rival)
			}
		}, []found{{RuleFork, 560, byDigest}}},
		{"fork, withheld", at(540, publish(false, second)), []found{{RuleWithheld, 540, byDigest}}},
		{"fork, served, and it stands first", at(540, publish(true, second)), []found{{RuleFork, 540, byDigest}}},
		{"version hidden from the list", at(590, publish(true, second)), []found{{RuleUnlisted, 590, byDigest}}},
		{"not a statement", at(590, publish(true, func(w *world) *log.Bundle { return logtest.Sign(t, w.signer, []byte("{}")) })), []found{{RuleUnlisted, 590, byDigest}}},
		{"for another publication", at(590, publish(true, func(w *world) *log.Bundle {
			v, _ := logtest.River()[0].Version(t, statement.NameOf(w.log.Key), log.Sum([]byte("x")), log.Sum([]byte("x")), 1, nil)
			return logtest.SignStatement(t, w.signer, v)
		})), []found{{RuleForeign, 590, byDigest}}},
		{"for another log", at(590, publish(true, func(w *world) *log.Bundle {
			return logtest.New(t, "https://other.example/").Genesis(slug, logtest.River()[0].Title(), w.signer)
		})), []found{{RuleForeign, 590, byDigest}}},
		{"second genesis", at(590, publish(true, func(w *world) *log.Bundle {
			return w.log.Genesis(slug, map[string]string{"en": "Another"}, w.signer)
		})), []found{{RuleSecondGenesis, 590, byDigest}}},
		{"genesis of a publication that is not listed", at(590, publish(true, func(w *world) *log.Bundle {
			return w.log.Genesis("water", map[string]string{"en": "Water"}, w.signer)
		})), []found{{RuleUnlisted, 590, byDigest}}},
		{"before its key was valid", at(5, func(w *world) {
			g := w.log.Genesis(slug, logtest.River()[0].Title(), w.signer)
			v, _ := logtest.River()[0].Version(t, statement.NameOf(w.log.Key), g.Envelope.Digest(), g.Envelope.Digest(), 1, nil)
			rival = logtest.SignStatement(t, w.signer, v)
			w.log.Publish(rival, w.signer.Public())
			w.serveRecord(rival)
		}), []found{{RuleOutsideWindow, 5, byDigest}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rival = nil
			w := newWorld(t, c.meddle)
			for i := range c.want {
				if c.want[i].Path == byDigest {
					c.want[i].Path = layout.Record(slug, rival.Envelope.Digest())
				}
			}
			audited(t, w.served(), w.options(), c.want)
		})
	}
}

// audited fails unless the audit finds exactly what is wanted.
func audited(t *testing.T, d evidence.Source, o Options, want []found) *Report {
	t.Helper()
	got, err := Run(t.Context(), d, o)
	check(t, err)
	if diff := cmp.Diff(want, foundIn(got.Report)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
		for _, f := range got.Report.Findings {
			t.Logf("%s %d %s: %s", f.Rule, f.Index, f.Path, f.Detail)
		}
	}
	if len(got.Report.Misbehaviour) > 0 {
		t.Errorf("misbehaviour: %v", got.Report.Misbehaviour[0])
	}
	return got.Report
}
