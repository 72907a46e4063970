package signatory

import (
	"strings"
	"testing"
)

func org(name string) Signatory { return Signatory{Name: name, Kind: Organisation} }

func TestValidateAccepts(t *testing.T) {
	for _, s := range []Signatory{
		org("Delta Watch"),
		org("wisdom\u00a0 center, as given"),
		org("جمعية حماة الدلتا"),
		org("می\u200cخواهیم"),
		org(strings.Repeat("é", MaxName)),
		{Name: "x", Kind: Person, Language: "ar-EG", Role: "hydrologist", Country: "EG", Domain: "delta-watch.example"},
		{Name: "x", Kind: Person, Language: "zh-Hant-TW", Country: "ZW", Domain: "a.xn--p1ai"},
		{Name: "x", Kind: Person, Language: "qq"}, // well-formed, not registered
	} {
		if err := s.Validate(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	tests := map[string]struct {
		s    Signatory
		want string // part of the error
	}{
		"zero":             {Signatory{}, "name is empty"},
		"no kind":          {Signatory{Name: "x"}, "kind"},
		"other kind":       {Signatory{Name: "x", Kind: "organization"}, "kind"},
		"too long":         {org(strings.Repeat("é", MaxName+1)), "501 characters"},
		"two lines":        {org("a\nb"), "U+000A"},
		"line separator":   {org("a\u2028b"), "U+2028"},
		"tab":              {org("a\tb"), "U+0009"},
		"override":         {org("a\u202eb"), "U+202E"},
		"isolate":          {org("a\u2066b"), "U+2066"},
		"tag":              {org("a\U000E0041b"), "U+E0041"},
		"zero-width space": {org("a\u200bb"), "U+200B"},
		"private use":      {org("a\ue000b"), "U+E000"},
		"replacement":      {org("a\ufffdb"), "U+FFFD"},
		"bad UTF-8":        {org("a\xffb"), "UTF-8"},
		"not NFC":          {org("e\u0301"), "normalization"},
		"marks":            {org("q" + strings.Repeat("\u0330", 9)), "marks"},
		"edge space":       {org(" a"), "white space"},
		"edge NBSP":        {org("a\u00a0"), "white space"},
		"role lines":       {Signatory{Name: "x", Kind: Person, Role: "a\rb"}, "role"},
		"role long":        {Signatory{Name: "x", Kind: Person, Role: strings.Repeat("a", MaxRole+1)}, "role"},
		"language":         {Signatory{Name: "x", Kind: Person, Language: "english language"}, "BCP 47"},
		"language case":    {Signatory{Name: "x", Kind: Person, Language: "EN-gb"}, `"en-GB"`},
		"country lower":    {Signatory{Name: "x", Kind: Person, Country: "eg"}, "country"},
		"country unknown":  {Signatory{Name: "x", Kind: Person, Country: "XX"}, "country"},
		"country straddle": {Signatory{Name: "x", Kind: Person, Country: "D "}, "country"},
		"domain case":      {Signatory{Name: "x", Kind: Person, Domain: "Delta.example"}, "domain"},
		"domain URL":       {Signatory{Name: "x", Kind: Person, Domain: "https://delta.example"}, "domain"},
		"domain label":     {Signatory{Name: "x", Kind: Person, Domain: "delta"}, "one label"},
		"domain dots":      {Signatory{Name: "x", Kind: Person, Domain: "delta..example"}, "label"},
		"domain end dot":   {Signatory{Name: "x", Kind: Person, Domain: "delta.example."}, "label"},
		"domain hyphen":    {Signatory{Name: "x", Kind: Person, Domain: "-delta.example"}, "label"},
		"domain address":   {Signatory{Name: "x", Kind: Person, Domain: "192.0.2.1"}, "address"},
	}
	for name, tc := range tests {
		err := tc.s.Validate()
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc.want)
		}
	}
}

func TestCountriesAreComplete(t *testing.T) {
	if n := len(strings.Fields(countries)); n != 249 {
		t.Errorf("%d codes, want the 249 of ISO 3166-1", n)
	}
}
