package keys_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

func trustFile(t testing.TB) (*keys.Trust, []byte) {
	t.Helper()
	trust, err := logtest.New(t, "https://sijil.example:8443/log/").Trust().Pin("river", log.Sum([]byte("river")))
	check(t, err)
	trust, err = trust.Pin("lake", log.Sum([]byte("lake")))
	check(t, err)
	b, err := trust.Marshal()
	check(t, err)
	return trust, b
}

func TestTrustRoundTrip(t *testing.T) {
	trust, b := trustFile(t)
	got, err := keys.ParseTrust(b)
	check(t, err)
	again, err := got.Marshal()
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("marshals as %s, %v", again, err)
	}
	if diff := cmp.Diff(map[string]log.Digest{"river": log.Sum([]byte("river")), "lake": log.Sum([]byte("lake"))}, got.Publications()); diff != "" {
		t.Error(diff)
	}
	if got.BaseURL() != "https://sijil.example:8443/log/" || got.Policy().String() != trust.Policy().String() || got.Policy().Origin() != "sijil.example" {
		t.Errorf("%s %s", got.BaseURL(), got.Policy())
	}
	if n, only := got.Slugs(); n != 2 || only != "" {
		t.Errorf("Slugs = %d, %q", n, only)
	}
	if n, _ := got.WithoutPublications().Slugs(); n != 0 {
		t.Errorf("without publications there are %d", n)
	}
	if !strings.Contains(string(b), `"start": "2026-01-02T03:04:05Z"`) || !bytes.HasSuffix(b, []byte("}\n")) {
		t.Errorf("file %s", b)
	}
}

// TestPin: nothing is ever pinned again, silently.
func TestPin(t *testing.T) {
	trust, before := trustFile(t)
	if _, err := trust.Pin("river", log.Sum([]byte("another"))); err == nil || !strings.Contains(err.Error(), "is pinned to sha256:") {
		t.Errorf("pinned again: %v", err)
	}
	if same, err := trust.Pin("river", log.Sum([]byte("river"))); err != nil || len(same.Publications()) != 2 {
		t.Errorf("the same pin: %v", err)
	}
	if _, err := trust.Pin("Bad Slug", log.Sum(nil)); err == nil {
		t.Error("pinned a bad slug")
	}
	more, err := trust.Pin("hill", log.Sum(nil))
	check(t, err)
	if _, ok := trust.Genesis("hill"); ok {
		t.Error("Pin changed the trust it was called on")
	}
	if d, ok := more.Genesis("hill"); !ok || d != log.Sum(nil) {
		t.Error("the new pin is not there")
	}
	more.Publications()["river"] = log.Digest{}
	if after, err := trust.Marshal(); err != nil || !bytes.Equal(before, after) {
		t.Error("a caller can change the pins")
	}
}

func TestNewTrustRefuses(t *testing.T) {
	l := logtest.New(t, "https://sijil.example")
	if _, err := keys.NewTrust("https://sijil.example", logtest.Start, nil); err != log.ErrNoPolicy {
		t.Errorf("no policy: %v", err)
	}
	if _, err := keys.NewTrust("https://other.example", logtest.Start, l.Policy); err == nil || !strings.Contains(err.Error(), `base address is of "other.example"`) {
		t.Errorf("another host: %v", err)
	}
	got, err := keys.NewTrust("https://sijil.example", time.Date(2026, 5, 1, 1, 0, 0, 999, time.FixedZone("", 7200)), l.Policy)
	check(t, err)
	if b, err := got.Marshal(); err != nil || !strings.Contains(string(b), `"2026-04-30T23:00:00Z"`) {
		t.Errorf("start in %s", b)
	}
}

func TestParseTrustStrict(t *testing.T) {
	_, b := trustFile(t)
	good := string(b)
	_, otherFile := trustFile(t)
	line := func(file []byte, member string) string {
		for l := range strings.Lines(string(file)) {
			if strings.Contains(l, `"`+member+`":`) {
				return l
			}
		}
		t.Fatalf("no %s in the file", member)
		return ""
	}
	for name, c := range map[string]struct{ old, new, says string }{
		"policy of another log":     {line(b, "policy"), line(otherFile, "policy"), "public key is not that of the policy's log"},
		"key of another log":        {line(b, "rawBytes"), line(otherFile, "rawBytes"), "public key is not that of the policy's log"},
		"ID of another log":         {line(b, "keyId"), line(otherFile, "keyId"), "log ID does not follow"},
		"another host":              {"https://sijil.example:8443", "https://other.example:8443", `base address is of "other.example"`},
		"another host, with a user": {"https://sijil", "https://me@sijil", "no user"},
		"no quorum line":            {`\nquorum none`, "", "no quorum line"},
		"policy with a witness":     {`\nquorum none`, `\nwitness a b\nquorum none`, "line 2: witness"},
		"slug with a capital":       {`"river"`, `"River"`, "slug"},
		"slugs out of order":        {`"lake"`, `"zzz"`, "one form"},
		"slug twice":                {`"river"`, `"lake"`, "one form"},
		"digest in capitals":        {"sha256:", "SHA256:", "digest"},
		"digest of zeros":           {log.Sum([]byte("lake")).Hex(), strings.Repeat("0", 64), "has no genesis"},
		"null for publications":     {`"publications": {`, `"publications": null, "x": {`, "unknown field"},
		"an extra member":           {`"policy"`, `"note": "x", "policy"`, "unknown field"},
		"certificate authorities":   {`"tlogs"`, `"certificateAuthorities": [], "tlogs"`, "unknown field"},
		"another media type":        {"version=0.1", "version=0.2", "media type"},
		"another hash":              {"SHA2_256", "SHA2_512", "want SHA2_256 and PKIX_ED25519"},
		"another key type":          {"PKIX_ED25519", "PKIX_ED448", "want SHA2_256 and PKIX_ED25519"},
		"start with an offset":      {"03:04:05Z", "03:04:05+00:00", "validFor.start"},
		"start with a fraction":     {"03:04:05Z", "03:04:05.5Z", "validFor.start"},
		"no such day":               {"2026-01-02T", "2026-02-30T", "validFor.start"},
		"other white space":         {"  \"policy\"", "\t\"policy\"", "one form"},
		"no final line feed":        {"}\n}\n", "}\n}", "one form"},
		"two line feeds":            {"}\n}\n", "}\n}\n\n", "one form"},
		"something after it":        {"}\n}\n", "}\n}\n{}", "more than one value"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s: the file does not hold %s:\n%s", name, c.old, good)
		}
		got, err := keys.ParseTrust([]byte(strings.Replace(good, c.old, c.new, 1)))
		if got != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "trust file: ") {
			t.Errorf("%s: %v, want …%s…", name, err, c.says)
		}
	}
	for name, s := range map[string]string{"nothing": "", "null": "null", "empty": "{}", "no logs": `{"policy":"","publications":{},"trusted_root":{"mediaType":"","tlogs":[]}}`, "huge": strings.Repeat(" ", 5<<20)} {
		if got, err := keys.ParseTrust([]byte(s)); got != nil || err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestSeveralLogs: this edition reads one log, and says so.
func TestSeveralLogs(t *testing.T) {
	_, b := trustFile(t)
	s := string(b)
	from := strings.Index(s, `"tlogs": [`) + len(`"tlogs": [`)
	to := strings.LastIndex(s, "]")
	two := s[:from] + s[from:to] + "," + s[from:to] + s[to:]
	if _, err := keys.ParseTrust([]byte(two)); err == nil || !strings.Contains(err.Error(), "2 logs, this edition reads exactly one") {
		t.Errorf("two logs: %v", err)
	}
}

// FuzzParseTrust: what parses is written as the same bytes.
func FuzzParseTrust(f *testing.F) {
	_, b := trustFile(f)
	if _, err := keys.ParseTrust(b); err != nil {
		f.Fatalf("the seed does not parse: %v", err)
	}
	f.Add(b)
	f.Add([]byte(`{"policy":"","publications":{},"trusted_root":{"mediaType":"","tlogs":[]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := keys.ParseTrust(b)
		if err != nil {
			return
		}
		if again, err := got.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("parsed %q, marshals as %q (%v)", b, again, err)
		}
	})
}
