package pkcs11_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/pkcs11"
)

func TestParseURI(t *testing.T) {
	for in, want := range map[string]pkcs11.URI{
		"pkcs11:token=office;object=sijil?module-path=/usr/lib/m.so":                        {Token: "office", Object: "sijil", Module: "/usr/lib/m.so"},
		"pkcs11:object=a%20b%3Bc;type=private?module-path=/m.so&pin-source=file:/run/pin":   {Object: "a b;c", Type: "private", Module: "/m.so", PIN: "/run/pin"},
		"pkcs11:id=%00%FF;serial=01;slot-id=7?pin-source=file:///run/pin&module-path=/m.so": {ID: "\x00\xff", Serial: "01", Slot: "7", Module: "/m.so", PIN: "/run/pin"},
		"pkcs11:manufacturer=M;model=N;object=%D8%B3?module-path=%2Fm.so&pin-source=/run/p": {Manufacturer: "M", Model: "N", Object: "س", Module: "/m.so", PIN: "/run/p"},
	} {
		u, err := pkcs11.ParseURI(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if diff := cmp.Diff(want, *u); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func TestRefusedURIs(t *testing.T) {
	for in, says := range map[string]string{
		"object=a?module-path=/m.so":                              "not a pkcs11:",
		"pkcs11:?module-path=/m.so":                               "names no key",
		"pkcs11:token=t?module-path=/m.so":                        "names no key",
		"pkcs11:object=a":                                         "names no module",
		"pkcs11:object=a?module-path=m.so":                        "not an absolute path",
		"pkcs11:objct=a?module-path=/m.so":                        `"objct" is not known`,
		"pkcs11:object=a;library-version=1?module-path=/m.so":     `"library-version" is not known`,
		"pkcs11:object=a;object=b?module-path=/m.so":              "object stands there twice",
		"pkcs11:object=%4?module-path=/m.so":                      "not percent-encoded",
		"pkcs11:object=?module-path=/m.so":                        "object is empty",
		"pkcs11:object=a%00?module-path=/m.so":                    "object is empty, or not",
		"pkcs11:object?module-path=/m.so":                         `"object" is not known`,
		"pkcs11:object=a;type=cert?module-path=/m.so":             "no key pair",
		"pkcs11:object=a;slot-id=1x?module-path=/m.so":            "not a number",
		"pkcs11:object=a;slot-id=01?module-path=/m.so":            "not a number",
		"pkcs11:object=a?module-path=/m.so&pin-value=480216":      "pin-source=file:/path",
		"pkcs11:object=a?module-path=/m.so&pin-source=file:pin":   "pin-source is not",
		"pkcs11:object=a?module-path=/m.so&pin-source=file://h/p": "pin-source is not",
		"pkcs11:object=a?module-path=/m.so&pin-source=|pin":       "pin-source is not",
		"pkcs11:object=" + strings.Repeat("a", 5000):              "at most 4096",
	} {
		u, err := pkcs11.ParseURI(in)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "480216") {
			t.Errorf("%.80s: %v, %v; want …%s…", in, u, err, says)
		}
	}
}

// FuzzParseURI: what parses names a key and a module, and is written so that it parses
// to the same.
func FuzzParseURI(f *testing.F) {
	f.Add("pkcs11:token=office;object=sijil?module-path=/usr/lib/m.so")
	f.Add("pkcs11:id=%00%FF;serial=01;slot-id=7?pin-source=file:///run/pin&module-path=/m.so")
	f.Add("pkcs11:manufacturer=M;model=N;object=%D8%B3;type=public?module-path=%2Fm.so")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := pkcs11.ParseURI(s)
		if err != nil {
			return
		}
		if u.Object+u.ID == "" || !strings.HasPrefix(u.Module, "/") {
			t.Errorf("%q: %+v", s, u)
		}
		again, err := pkcs11.ParseURI(u.String())
		if err != nil || *again != *u {
			t.Errorf("%q is written as %q, which reads as %+v, %v", s, u, again, err)
		}
	})
}
