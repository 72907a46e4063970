package dkim

import (
	"bytes"
	"strings"
	"testing"
	"testing/quick"

	msgauth "github.com/emersion/go-msgauth/dkim"
)

const (
	plainPart = "Content-Type: text/plain; charset=utf-8\n\nWe endorse.\n"
	htmlPart  = "Content-Type: text/html\n\n<p>We endorse."
)

// parts is a multipart body.
func parts(boundary string, list ...string) string {
	s := ""
	for _, p := range list {
		s += "--" + boundary + "\n" + p + "\n"
	}
	return s + "--" + boundary + "--\n"
}

func in(kind, boundary string, list ...string) string {
	return "Content-Type: multipart/" + kind + "; boundary=" + boundary + "\n\n" + parts(boundary, list...)
}

// The line that is read, of every form that mails have.
func TestLine(t *testing.T) {
	deep := plainPart
	for i := range 6 {
		deep = in("mixed", "d"+string(rune('a'+i)), deep)
	}
	whole := func(part string) *written {
		head, body, _ := strings.Cut(part, "\n\n")
		w := plain().text(body)
		for _, f := range strings.Split(head, "\n") {
			w.with(f)
		}
		return w
	}
	for name, c := range map[string]struct {
		mail *written
		line string
		rule Rule
	}{
		"plain":                   {whole(plainPart), "We endorse.", ""},
		"alternative":             {whole(in("alternative", "a", plainPart, htmlPart)), "We endorse.", ""},
		"alternative in related":  {whole(in("related", "r", in("alternative", "a", plainPart, htmlPart), "Content-Type: image/png\n\nx")), "We endorse.", ""},
		"attachment":              {whole(in("mixed", "m", in("alternative", "a", plainPart, htmlPart), "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nWe refuse.")), "We endorse.", ""},
		"signed by S/MIME":        {whole(in("signed", "s", plainPart, "Content-Type: application/pkcs7-signature\n\nx")), "We endorse.", ""},
		"forwarded inside":        {whole(in("mixed", "m", plainPart, "Content-Type: message/rfc822\n\nSubject: a\n\nWe refuse.")), "We endorse.", ""},
		"another plain part":      {whole(in("alternative", "a", plainPart, "Content-Type: text/plain\n\nWe refuse.")), "", RuleParts},
		"plain footer":            {whole(in("mixed", "m", plainPart, "Content-Type: text/plain\n\nfooter")), "", RuleParts},
		"hidden deep":             {whole(in("mixed", "m", plainPart, in("mixed", "n", "Content-Type: text/plain\n\nWe refuse."))), "", RuleParts},
		"a part without type":     {whole(in("mixed", "m", plainPart, "\nWe refuse.")), "", RuleParts},
		"html only":               {whole(htmlPart), "", RulePlain},
		"html first":              {whole(in("alternative", "a", htmlPart, plainPart)), "", RulePlain},
		"html alone in parts":     {whole(in("alternative", "a", htmlPart)), "", RulePlain},
		"attached alone":          {whole(in("mixed", "m", "Content-Type: text/plain\nContent-Disposition: attachment\n\na")), "", RulePlain},
		"digest":                  {whole(in("digest", "m", plainPart)), "", RulePlain},
		"nested too deep":         {whole(deep), "", RuleParts},
		"too many parts":          {whole(in("mixed", "m", append([]string{plainPart}, strings.Split(strings.Repeat("Content-Type: image/png\n\nx|", 101), "|")...)...)), "", RuleParts},
		"no end":                  {whole("Content-Type: multipart/mixed; boundary=m\n\n--m\n" + plainPart), "", RuleParts},
		"no boundary":             {whole("Content-Type: multipart/mixed\n\n--m\n" + plainPart), "", RuleParts},
		"no parts":                {whole("Content-Type: multipart/mixed; boundary=m\n\n--m--\n"), "", RuleParts},
		"two types in a part":     {whole(in("mixed", "m", "Content-Type: text/plain\nContent-Type: text/html\n\na")), "", RuleParts},
		"two charsets":            {whole("Content-Type: text/plain; charset=utf-8; charset=latin1\n\na"), "", RuleParts},
		"parts in base64":         {whole("Content-Transfer-Encoding: base64\n" + in("mixed", "m", plainPart)), "", RuleParts},
		"empty":                   {plain().text(" \n\t\n"), "", RulePlain},
		"no body":                 {plain().text(""), "", RulePlain},
		"long":                    {plain().text(strings.Repeat("a", 1001)), "", RulePlain},
		"escape":                  {plain().text("\x1b[2J"), "", RulePlain},
		"quoted-printable":        {whole("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=D9=86=D8=\n=AD=D9=86 =3D"), "نحن =", ""},
		"base64":                  {whole("Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: BASE64\n\n2YbYrdmG\n"), "نحن", ""},
		"base64 broken":           {whole("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!"), "", RuleEncoding},
		"unknown encoding":        {whole("Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\na"), "", RuleEncoding},
		"windows-1256":            {whole("Content-Type: text/plain; charset=windows-1256\n\n\xe4\xcd\xe4"), "نحن", ""},
		"utf-16":                  {whole("Content-Type: text/plain; charset=utf-16\n\na"), "", RuleEncoding},
		"unknown charset":         {whole("Content-Type: text/plain; charset=odd\n\na"), "", RuleEncoding},
		"bytes that are not text": {whole("Content-Type: text/plain; charset=utf-8\n\n\xff"), "", RuleEncoding},
		"byte order mark":         {plain().text("\ufeffWe endorse.\n"), "We endorse.", ""},
		"quote first":             {plain().text("> We endorse.\nWe refuse.\n"), "> We endorse.", ""},
	} {
		raw := signed(t, c.mail.bytes(), "ed")
		m, err := Verify(t.Context(), raw, dns(), now)
		if c.rule != "" {
			if !broke(err, c.rule) {
				t.Errorf("%s: %v, want %s", name, err, c.rule)
			}
			continue
		}
		if err != nil || m.Line() != c.line {
			t.Errorf("%s: %+v, %v, want %q", name, m, err, c.line)
		}
	}
}

// Subjects as mail programs write them, and senders.
func TestHeader(t *testing.T) {
	for in, want := range map[string]string{
		"endorse  a": "endorse  a", "=?UTF-8?B?2YbYrdmG?=": "نحن", "=?utf-8?Q?=D9=86=D8=AD?=\n =?utf-8?Q?=D9=86?= x": "نحن x",
		"=?utf-8?Q?=D9?= =?utf-8?Q?=86?=": "ن", "=?windows-1256?B?5M3k?=": "نحن", "=?iso-8859-1?Q?caf=E9?=": "café", "نحن": "نحن", "a\n\tb": "a\tb",
	} {
		if m := verified(t, signed(t, plain().with("Subject: "+in).bytes(), "ed")); m.Subject() != want {
			t.Errorf("%q: %q, want %q", in, m.Subject(), want)
		}
	}
	for in, want := range map[string]string{
		"a@example.org": "example.org", "a@EXAMPLE.Org": "example.org", "<a@example.org> (comment, a@b.example)": "example.org", `"x, y: z" <a@example.org>`: "example.org",
		"=?windows-1256?B?5M3k?= <a@example.org>": "example.org", `"a@b.example (" <a@mail.example.org>`: "mail.example.org",
	} {
		if m := verified(t, signed(t, plain().with("From: "+in).bytes(), "ed")); m.FromDomain() != want || m.Domain() != "example.org" {
			t.Errorf("%q: %+v", in, m)
		}
	}
	idn := signed(t, plain().with("From: a@MÜNCHEN.example").bytes(), "ed", func(o *msgauth.SignOptions) { o.Domain = "xn--mnchen-3ya.example" })
	if m := verified(t, idn); m.Domain() != "xn--mnchen-3ya.example" {
		t.Errorf("%+v", m)
	}
	uk := signed(t, plain().with("From: a@mail.example.co.uk").bytes(), "ed", func(o *msgauth.SignOptions) { o.Domain = "example.co.uk" })
	if m := verified(t, uk); m.Domain() != "example.co.uk" {
		t.Errorf("%+v", m)
	}
}

// TestCanonicalBody holds ours against go-msgauth's, through its signer.
func TestCanonicalBody(t *testing.T) {
	alphabet := []string{"a", " ", "\t", "\r\n", ".", "b"}
	err := quick.Check(func(picks []uint8, simple bool) bool {
		body := ""
		for _, p := range picks {
			body += alphabet[int(p)%len(alphabet)]
		}
		can := msgauth.Canonicalization("relaxed")
		if simple {
			can = "simple"
		}
		raw := signed(t, append(plain().text("").bytes(), body...), "ed", func(o *msgauth.SignOptions) { o.HeaderCanonicalization, o.BodyCanonicalization = can, can })
		m, err := parse(raw)
		if err != nil {
			return false
		}
		s, err := parseSignature(m, 0, 0)
		if err != nil {
			return false
		}
		k, err := parseKey(record("ed"))
		return err == nil && s.check(m, k) == nil
	}, &quick.Config{MaxCount: 500})
	if err != nil {
		t.Error(err)
	}
}

// FuzzVerify: nothing panics, what verifies does so again with the same result, and no
// error quotes a mail.
func FuzzVerify(f *testing.F) {
	seed := signed(f, plain().bytes(), "ed")
	if _, err := Verify(f.Context(), seed, dns(), now); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(signed(f, plain().bytes(), "ed", func(o *msgauth.SignOptions) { o.HeaderCanonicalization, o.BodyCanonicalization = "simple", "simple" }))
	f.Add(forged(f, plain().bytes(), "weak", map[string]string{"h": "from:date:subject:content-type:mime-version"}))
	f.Add(signed(f, plain().with("Content-Type: multipart/alternative; boundary=a").text(parts("a", plainPart, htmlPart)).bytes(), "ed"))
	f.Add(append(signed(f, signed(f, plain().bytes(), "ed"), "rsa"), "footer"...))
	z := dns()
	f.Fuzz(func(t *testing.T, raw []byte) { property(t, raw, z) })
}

// FuzzSigned signs what it is given: so the readers behind the signature are reached, and
// our check of a signature agrees with the library that made it.
func FuzzSigned(f *testing.F) {
	f.Add("Subject: a", "text/plain", "We endorse.\n", true)
	f.Add("Subject: =?utf-8?Q?=D9=86?=", "multipart/alternative; boundary=a", parts("a", plainPart, htmlPart), false)
	f.Add("X: a\n b", "multipart/mixed; boundary=m", parts("m", in("alternative", "a", plainPart, htmlPart)), true)
	f.Add("Content-Transfer-Encoding: base64", "text/plain; charset=windows-1256", "5M3k\n", true)
	z := dns()
	f.Fuzz(func(t *testing.T, field, kind, body string, simple bool) {
		w := plain().with("Content-Type: " + kind).text(body)
		w.with(field)
		unsigned := w.bytes()
		m, err := parse(unsigned)
		if err != nil || len(m.signatures()) > 0 {
			return
		}
		can := msgauth.Canonicalization("relaxed")
		if simple {
			can = "simple"
		}
		raw := signed(t, unsigned, "ed", func(o *msgauth.SignOptions) { o.HeaderCanonicalization, o.BodyCanonicalization = can, can })
		if m, err = parse(raw); err != nil {
			return // longer than it may be
		}
		s, err := parseSignature(m, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		k, err := parseKey(record("ed"))
		if err != nil {
			t.Fatal(err)
		}
		if ours, theirs := s.check(m, k), secondOpinion(raw, s, record("ed")); ours != nil || theirs != nil {
			t.Fatalf("ours: %v, go-msgauth's: %v\n%q", ours, theirs, raw)
		}
		property(t, raw, z)
	})
}

func property(t *testing.T, raw []byte, z zone) {
	t.Helper()
	for _, rules := range []Rules{{}, {UnsignedTo: true, UnsignedMIME: true}} {
		m, err := rules.Verify(t.Context(), raw, z, now)
		if err != nil {
			if m != nil {
				t.Fatal("an error and a message")
			}
			continue
		}
		again, err := rules.Again(bytes.Clone(raw), m.KeyRecord(), now)
		if err != nil || *again != *m {
			t.Fatalf("again: %+v, %v; before %+v", again, err, m)
		}
		if m.Line() == "" || m.Line() != strings.TrimSpace(m.Line()) || m.Domain() == "" || strings.ContainsAny(m.Subject()+m.Line(), "\r\n") {
			t.Fatalf("%+v", m)
		}
	}
}
