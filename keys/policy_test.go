package keys_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// cosigner is a witness by its keys.
type cosigner struct {
	signer note.Signer
	vkey   string
	plain  string // the same key without cosignatures
}

func newCosigner(t testing.TB, name string) cosigner {
	t.Helper()
	skey, plain, err := note.GenerateKey(rand.Reader, name)
	check(t, err)
	vkey, err := cosignature.VKeyToCosignatureV1(plain)
	check(t, err)
	s, err := cosignature.NewSignerForCosignatureV1(skey)
	check(t, err)
	return cosigner{s, vkey, plain}
}

func TestPolicyErrorsNameTheLine(t *testing.T) {
	key := logtest.New(t, "https://sijil.example").Key.String()
	a, b := newCosigner(t, "a.example"), newCosigner(t, "b.example")
	head := "log " + key + "\n"
	two := head + "witness a " + a.vkey + "\nwitness b " + b.vkey + "\n"
	for text, want := range map[string]string{
		"":                                          "policy: no log line",
		"quorum none\n":                             "policy: no log line",
		head:                                        "policy: no quorum line (write `quorum none` to ask for no witness)",
		head + "quorum\n":                           "policy: line 2: quorum: want",
		head + "quorum none none\n":                 "policy: line 2: quorum: want",
		head + "quorum any\n":                       "policy: line 2: quorum: \"any\" is not defined",
		head + "quorum none\r\n":                    "policy: line 2: quorum: ",
		head + "quorum none\nquorum none\n":         "policy: line 3: quorum: given twice",
		"# comment\n\n" + head + head:               "policy: line 4: log: only one log is supported",
		"log\n":                                     "policy: line 1: log: want `log <verifier key>`",
		"log " + key + " x\n":                       "policy: line 1: log: want `log <verifier key>`",
		"\nlog x+y+z\n":                             "policy: line 2: log key",
		head + "Log x\n":                            "policy: line 2: unknown word",
		strings.Repeat("#\n", 200000):               "policy: over 262144 bytes",
		head + "witness w\n":                        "policy: line 2: witness: want",
		head + "witness w x+y+z\n":                  "policy: line 2: witness key \"x+y+z\": not a verifier key",
		head + "witness w " + a.plain + "\n":        "policy: line 2: witness key \"" + a.plain + "\": a plain Ed25519 key",
		head + "witness w " + spoilHash(a.vkey):     "policy: line 2: witness key",
		head + "witness none " + a.vkey + "\n":      "policy: line 2: name \"none\"",
		head + "witness a/b " + a.vkey + "\n":       "policy: line 2: name \"a/b\"",
		head + "witness a " + a.vkey + " ftp://x\n": "policy: line 2: address",
		head + "witness a " + a.vkey + " https://u@x.example\n": "policy: line 2: address",
		head + "witness a " + a.vkey + " https://x.example?y\n": "policy: line 2: address",
		two + "witness c " + a.vkey + "\n":                      "policy: line 4: witness: the key of \"c\" is that of \"a\" too",
		two + "witness a " + newCosigner(t, "c").vkey + "\n":    "policy: line 4: name \"a\" is defined already",
		head + "group g any w\n":                                "policy: line 2: group: member \"w\" is not defined",
		two + "group g any\n":                                   "policy: line 4: group: want",
		two + "group g 0 a b\n":                                 "policy: line 4: group: threshold \"0\": want any, all, or 1 to 2",
		two + "group g 3 a b\n":                                 "policy: line 4: group: threshold \"3\"",
		two + "group g 02 a b\n":                                "policy: line 4: group: threshold \"02\"",
		two + "group g any a a\n":                               "policy: line 4: group: \"a\" is a member already",
		two + "group g any a\ngroup h any a b\n":                "policy: line 5: group: \"a\" is a member already",
		two + "group g any g\n":                                 "policy: line 4: group: member \"g\" is not defined",
		two + "grp\n":                                           "policy: line 4: unknown word",
	} {
		p, err := keys.ParsePolicy(text)
		if p != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.200q…: %v, want %s…", text, err, want)
		}
	}
	for _, text := range []string{head + "quorum none\n", "# by hand\n\nquorum none\nlog " + key, "log\t" + key + " \n quorum  none\t\n", two + "quorum none", two + "group g all a b\nquorum g\n"} {
		p, err := keys.ParsePolicy(text)
		if err != nil || p.String() != text || p.Log().String() != key || p.Quorum() != strings.Contains(text, "quorum g") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func spoilHash(vkey string) string {
	name, rest, _ := strings.Cut(vkey, "+")
	hash, key, _ := strings.Cut(rest, "+")
	return name + "+" + strings.Map(func(r rune) rune { return r ^ 1 }, hash[:1]) + hash[1:] + "+" + key + "\n"
}

func TestWitnesses(t *testing.T) {
	key := logtest.New(t, "https://sijil.example").Key.String()
	a, b := newCosigner(t, "a.example"), newCosigner(t, "b.example")
	p, err := keys.ParsePolicy("log " + key + "\nwitness a " + a.vkey + " https://a.example/witness\nwitness b " + b.vkey + "\nquorum a\n")
	check(t, err)
	var got []string
	for _, w := range p.Witnesses() {
		got = append(got, w.Name, w.Key, w.URL, w.Fingerprint.String())
	}
	want := []string{"a", a.vkey, "https://a.example/witness", log.Sum([]byte(a.vkey)).String(), "b", b.vkey, "", log.Sum([]byte(b.vkey)).String()}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if only := p.LogOnly(); only.Quorum() || only.String() != "log "+key+"\nquorum none\n" {
		t.Errorf("LogOnly: %q", only)
	}
}

// A quorum of nested groups, over every set of cosigners.
func TestQuorum(t *testing.T) {
	l := logtest.New(t, "https://sijil.example")
	l.Append([]byte("entry"))
	names := []string{"a", "b", "c", "d", "e"}
	text := "log " + l.Key.String() + "\n"
	signers := map[string]note.Signer{}
	for _, n := range names {
		c := newCosigner(t, n+".example")
		signers[n] = c.signer
		text += "witness " + n + " " + c.vkey + "\n"
	}
	p, err := keys.ParsePolicy(text + "group ab any a b\ngroup cde 2 c d e\ngroup both all ab cde\nquorum both\n")
	check(t, err)
	for set := range 1 << len(names) {
		have := []string{}
		b := l.Checkpoint(1)
		for i, n := range names {
			if set>>i&1 == 1 {
				have = append(have, n)
				b = cosign(t, b, signers[n])
			}
		}
		ab := slices.Contains(have, "a") || slices.Contains(have, "b")
		cde := 0
		for _, n := range []string{"c", "d", "e"} {
			if slices.Contains(have, n) {
				cde++
			}
		}
		c, err := log.OpenCheckpoint(b, p)
		if ab && cde >= 2 {
			if err != nil || c.Witnesses() != len(have) || c.Cosigned().IsZero() {
				t.Errorf("%q: %v", have, err)
			}
			continue
		}
		var quorum *keys.QuorumError
		if !errors.As(err, &quorum) || !slices.Equal(quorum.Have, have) && len(have) > 0 || len(quorum.Missing) != len(names)-len(have) {
			t.Errorf("%q: %v", have, err)
		}
		if c, err := log.OpenCheckpoint(b, p.LogOnly()); err != nil || c.Witnesses() != 0 {
			t.Errorf("%q: the log's signature alone: %v", have, err)
		}
	}
	// Two lines of one witness count once.
	twice := cosign(t, cosign(t, l.Checkpoint(1), signers["a"]), signers["a"])
	if _, err := log.OpenCheckpoint(twice, p); err == nil {
		t.Error("a witness counts twice")
	}
}

// cosign appends a signer's line.
func cosign(t testing.TB, b []byte, s note.Signer) []byte {
	t.Helper()
	text := string(b[:strings.LastIndex(string(b), "\n\n")+1])
	signed, err := note.Sign(&note.Note{Text: text}, s)
	check(t, err)
	return append(slices.Clone(b), signed[len(text)+1:]...)
}

// The quorum's time is the newest at which it still stands; a merge keeps the
// newer of two lines of one witness.
func TestCosignedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logtest.New(t, "https://sijil.example")
		l.Append([]byte("entry"))
		text := "log " + l.Key.String() + "\n"
		var all []cosigner
		for i := range 3 {
			c := newCosigner(t, fmt.Sprintf("w%d.example", i))
			all = append(all, c)
			text += fmt.Sprintf("witness w%d %s\n", i, c.vkey)
		}
		p, err := keys.ParsePolicy(text + "group two 2 w0 w1 w2\nquorum two\n")
		check(t, err)
		start := time.Now()
		b := l.Checkpoint(1)
		for i, at := range []time.Duration{0, time.Hour, 2 * time.Hour} {
			time.Sleep(time.Until(start.Add(at)))
			b = cosign(t, b, all[i].signer)
			c, err := log.OpenCheckpoint(b, p)
			want := start.Add(time.Duration(i-1) * time.Hour)
			if i == 0 {
				if err == nil {
					t.Error("one of two is a quorum")
				}
				continue
			}
			if err != nil || !c.Cosigned().Equal(want) {
				t.Errorf("%d: %v, %v, want %v", i, err, c.Cosigned(), want)
			}
		}
		time.Sleep(time.Hour)
		fresh := cosign(t, l.Checkpoint(1), all[0].signer)
		lines := fresh[len(l.Checkpoint(1)):]
		merged, faults, err := log.Cosign(b, append(slices.Clone(lines), "— nobody.example AAAAAAAA\nrubbish\n"...), p)
		check(t, err)
		if len(faults) != 2 {
			t.Errorf("faults %v", faults)
		}
		c, err := log.OpenCheckpoint(merged, p)
		if err != nil || c.Witnesses() != 3 || !c.Cosigned().Equal(start.Add(2*time.Hour)) {
			t.Errorf("%v, at %v", err, c.Cosigned())
		}
		// An older line does not replace a newer one.
		again, _, err := log.Cosign(merged, b[len(l.Checkpoint(1)):], p)
		if err != nil || string(again) != string(merged) {
			t.Errorf("%v: %q", err, again)
		}
	})
}

// FuzzParsePolicy: a policy that parses says whom it trusts, and keeps its text.
func FuzzParsePolicy(f *testing.F) {
	key := logtest.New(f, "https://sijil.example").Key.String()
	seed := "# by hand\n\nlog " + key + "\nquorum none\n"
	if _, err := keys.ParsePolicy(seed); err != nil {
		f.Fatalf("the seed does not parse: %v", err)
	}
	f.Add(seed)
	f.Add("log " + key + "\nquorum none")
	a, b := newCosigner(f, "a.example"), newCosigner(f, "b.example")
	f.Add("log " + key + "\nwitness a " + a.vkey + " https://a.example\nwitness b " + b.vkey + "\ngroup g any a b\nquorum g\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := keys.ParsePolicy(text)
		if err != nil {
			return
		}
		again, err := keys.ParsePolicy(keys.NewPolicy(p.Log()).String())
		if err != nil || p.String() != text || again.Origin() != p.Origin() || !strings.Contains(text, "log "+again.Log().String()) {
			t.Fatalf("parsed %q as the policy of %s (%v)", text, p.Log(), err)
		}
	})
}
