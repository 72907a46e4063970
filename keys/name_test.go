package keys_test

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/keys"
)

func TestCheckSlug(t *testing.T) {
	for _, s := range []string{"abc", "casablanca", "river-2031", "2031", "a-b-c", "a1b", strings.Repeat("a", 63)} {
		if err := keys.CheckSlug(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for s, says := range map[string]string{
		"": "3 to 63", "ab": "3 to 63", strings.Repeat("a", 64): "3 to 63",
		"River": "lower-case", "riv er": "lower-case", "river_": "lower-case", "-river": "lower-case", "river-": "lower-case",
		"ri--ver": "lower-case", "rivér": "lower-case", "رياح": "lower-case", "river\n": "lower-case", "ri.ver": "lower-case", "ri/ver": "lower-case", "...": "lower-case",
		"xn--river": "lower-case", "api": "reserved", "tile": "reserved", "versions": "reserved", "well-known": "reserved", "sijil": "reserved",
	} {
		if err := keys.CheckSlug(s); err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "slug ") {
			t.Errorf("%q: %v, want …%s…", s, err, says)
		}
	}
}

func TestSimilarSlug(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"river", "river", false}, // the same is not similar: it is taken
		{"river", "rivers", true}, // one more
		{"river", "iver", true},   // one less
		{"river", "rover", true},  // another
		{"river", "rievr", true},  // two swapped
		{"river", "revir", false}, // swapped, not neighbours
		{"river", "riverss", false},
		{"river", "lake", false},
		{"abc", "bcd", false},
		{"ab-cd", "abc-d", true},
		{"old-har-bour", "oldharbour", true}, // hyphens
		{"c00k-b00k", "cook-book", true},     // 0 and o
		{"11st-111", "list-lil", true},       // 1, i and l
		{"mornin-corn", "momin-com", true},   // rn and m
		{"vvater-vvell", "water-well", true}, // vv and w
		{"clan-club", "dan-dub", true},       // cl and d
		{"c1imate-c1ub", "climate-club", true},
		{"c1imate-c1ub", "dimate-dub", true}, // 1 for l, and then cl for d
		{"r-nars-r-n", "mars-m", true},
		{"summer-2031", "summer-2035", true},
		{"summer-2031", "summer-2042", false},
		{"casablanca", "casablanca-2", false},
		{"casablanca", "marrakech", false},
	} {
		if keys.SimilarSlug(c.a, c.b) != c.want || keys.SimilarSlug(c.b, c.a) != c.want {
			t.Errorf("%s and %s: %v, %v, want %v", c.a, c.b, keys.SimilarSlug(c.a, c.b), keys.SimilarSlug(c.b, c.a), c.want)
		}
	}
}

func TestOriginOf(t *testing.T) {
	for base, want := range map[string]string{
		"https://sijil.example":           "sijil.example",
		"https://sijil.example/":          "sijil.example",
		"https://sijil.example:8443/":     "sijil.example",
		"http://sijil.example/some/path/": "sijil.example",
		"http://localhost:8080":           "localhost",
		"http://127.0.0.1:8080":           "127.0.0.1",
		"https://xn--mgbh0fb.example/":    "xn--mgbh0fb.example",
	} {
		if got, err := keys.OriginOf(base); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %s", base, got, err, want)
		}
	}
	for base, says := range map[string]string{
		"":                                            "want http:// or https://",
		"sijil.example":                               "want http:// or https://",
		"ftp://sijil.example":                         "want http:// or https://",
		"https:sijil.example":                         "host name",
		"https://":                                    "host name",
		"https://Sijil.example":                       "lower-case host name",
		"https://sijil.example.":                      "host name",
		"https://.example":                            "host name",
		"https://a..example":                          "host name",
		"https://-a.example":                          "host name",
		"https://sijil_a.example":                     "host name",
		"https://مثال.example":                        "host name",
		"https://bücher.example":                      "host name",
		"https://[::1]:8080":                          "host name",
		"https://[fe80::1%25eth0]/":                   "host name",
		"https://me@sijil.example":                    "no user",
		"https://sijil.example/?a=b":                  "no user, query",
		"https://sijil.example/#a":                    "no user, query or fragment",
		"https://sijil.example:x":                     "not a URL",
		"https://sijil.example/\n":                    "not a URL",
		"https://" + strings.Repeat("a.", 127) + "aa": "host name",
	} {
		if got, err := keys.OriginOf(base); err == nil || got != "" || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "address ") {
			t.Errorf("%s: %q, %v, want …%s…", base, got, err, says)
		}
	}
}

func TestLogKey(t *testing.T) {
	skey, key, err := keys.GenerateLogKey(rand.Reader, "sijil.example")
	check(t, err)
	for _, file := range []string{skey, skey + "\n"} {
		signer, again, err := keys.LoadLogSigner(file)
		check(t, err)
		if again.String() != key.String() || signer.Name() != "sijil.example" {
			t.Errorf("loaded %s, made %s", again, key)
		}
		b, err := note.Sign(&note.Note{Text: "text\n"}, signer)
		check(t, err)
		if _, err := note.Open(b, note.VerifierList(key.Verifier())); err != nil {
			t.Errorf("a signature by the loaded key: %v", err)
		}
	}
	// The log ID's first four bytes are the note's key hash.
	if id, hash := key.ID(), key.Verifier().KeyHash(); uint32(id[0])<<24|uint32(id[1])<<16|uint32(id[2])<<8|uint32(id[3]) != hash {
		t.Errorf("ID %s, key hash %08x", id, hash)
	}
	parsed, err := keys.ParseLogKey(key.String())
	if err != nil || parsed.ID() != key.ID() || parsed.Origin() != "sijil.example" {
		t.Errorf("ParseLogKey: %v", err)
	}
	parts := strings.SplitN(key.String(), "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	check(t, err)
	cosig := append([]byte{4}, raw[1:]...) // a witness's key type
	for name, v := range map[string]string{
		"nothing": "", "a word": "key", "hash of another": parts[0] + "+00000000+" + parts[2], "another name": "other.example+" + parts[1] + "+" + parts[2],
		"another type": parts[0] + "+" + parts[1] + "+" + base64.StdEncoding.EncodeToString(cosig), "space": key.String() + " ", "line feed": key.String() + "\n",
		"a byte more": parts[0] + "+" + parts[1] + "+" + base64.StdEncoding.EncodeToString(append(raw, 0)), "hash in capitals": parts[0] + "+" + strings.ToUpper(parts[1]) + "x+" + parts[2],
	} {
		if k, err := keys.ParseLogKey(v); k != nil || err == nil {
			t.Errorf("%s: accepted %q", name, v)
		}
	}
	for _, origin := range []string{"", "Sijil.example", "sijil.example:443", "urn:sijil:head:v1", "a b", "sijil.example+x"} {
		if _, _, err := keys.GenerateLogKey(rand.Reader, origin); err == nil {
			t.Errorf("made a key for the origin %q", origin)
		}
	}
	for name, file := range map[string]string{"nothing": "", "a verifier key": key.String(), "cut short": skey[:len(skey)-4]} {
		if _, _, err := keys.LoadLogSigner(file); err == nil || strings.Contains(err.Error(), skey[len(skey)-20:]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
