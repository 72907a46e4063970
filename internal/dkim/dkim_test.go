package dkim

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"github.com/sijil/sijil/log"
)

// verified verifies a mail, and again from what was recorded.
func verified(t *testing.T, raw []byte) *Message {
	t.Helper()
	m, err := Verify(t.Context(), raw, dns(), now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Again(raw, m.KeyRecord(), now)
	if err != nil || *again != *m {
		t.Fatalf("again: %+v, %v", again, err)
	}
	return m
}

func TestVerify(t *testing.T) {
	for key, weak := range map[string]bool{"rsa": false, "weak": true, "ed": false} {
		for _, can := range []string{"simple", "relaxed"} {
			raw := signed(t, plain().bytes(), key, func(o *msgauth.SignOptions) {
				o.HeaderCanonicalization, o.BodyCanonicalization = msgauth.Canonicalization(can), msgauth.Canonicalization(can)
			})
			want := Message{
				domain: "example.org", from: "example.org", signing: "example.org", selector: key, record: record(key),
				subject: "endorse casablanca 3", line: "We endorse version 3 of casablanca.", weak: weak, date: now.UTC(), digest: log.Sum(raw),
			}
			if got := verified(t, raw); *got != want {
				t.Errorf("%s, %s: %+v, want %+v", key, can, got, want)
			}
		}
	}
}

// A mail whose signature has expired since can be verified again at the time at which it
// was verified: mails of Google expire after a week.
func TestAgainAfterExpiry(t *testing.T) {
	then := now.Add(-365 * 24 * time.Hour)
	w := plain().with("Date: " + then.Format(time.RFC1123Z))
	raw := forged(t, w.bytes(), "rsa", map[string]string{"t": fmt.Sprint(then.Unix()), "x": fmt.Sprint(then.Unix() + 7*24*3600)})
	if m, err := Again(raw, record("rsa"), then.Add(time.Hour)); err != nil || m.Line() != "We endorse version 3 of casablanca." {
		t.Errorf("%v, %v", m, err)
	}
	if _, err := Again(raw, record("rsa"), then.Add(8*24*time.Hour)); !broke(err, RuleDate) {
		t.Errorf("%v", err)
	}
	if _, err := Again(raw, record("weak"), then); !broke(err, RuleAltered) {
		t.Errorf("under another key: %v", err)
	}
	// And go-msgauth cannot, which is why there is a check of our own.
	if err := secondOpinion(raw, &signature{domain: "example.org", selector: "rsa"}, record("rsa")); err == nil {
		t.Error("go-msgauth no longer judges by the machine's clock: the check of our own can go")
	}
}

func broke(err error, rule Rule) bool {
	var r *Refused
	return errors.As(err, &r) && r.Rule == rule
}

// Every rule, with a mail that breaks it and is otherwise validly signed.
func TestRefused(t *testing.T) {
	ago := func(d time.Duration) string { return fmt.Sprint(now.Add(-d).Unix()) }
	for name, c := range map[string]struct {
		rule   Rule
		mail   *written
		change map[string]string
	}{
		"l=":                     {RuleLength, plain(), map[string]string{"l": "20"}},
		"l= of everything":       {RuleLength, plain(), map[string]string{"l": fmt.Sprint(len(plain().bytes()) - bytes.Index(plain().bytes(), []byte("\r\n\r\n")) - 4)}},
		"From not signed":        {RuleUnsigned, plain(), map[string]string{"h": "Subject:Date:To:Content-Type:MIME-Version"}},
		"Subject not signed":     {RuleUnsigned, plain(), map[string]string{"h": "From:Date:To:Content-Type:MIME-Version"}},
		"Date not signed":        {RuleUnsigned, plain(), map[string]string{"h": "From:Subject:To:Content-Type:MIME-Version"}},
		"To not signed":          {RuleUnsigned, plain(), map[string]string{"h": "From:Date:Subject:Message-ID:Content-Type:MIME-Version"}},
		"Content-Type unsigned":  {RuleUnsigned, plain(), map[string]string{"h": "to:subject:message-id:date:from:mime-version:from:to"}},
		"MIME-Version unsigned":  {RuleUnsigned, plain(), map[string]string{"h": "From:Date:Subject:To:Content-Type"}},
		"encoding not signed":    {RuleUnsigned, plain().with("Content-Transfer-Encoding: quoted-printable"), map[string]string{"h": "From:Subject:Date:To:Content-Type:MIME-Version"}},
		"two From":               {RuleRepeated, &written{append(plain().fields, "From: b@example.org"), "a\n"}, nil},
		"two Subject":            {RuleRepeated, &written{append([]string{"subject: other"}, plain().fields...), "a\n"}, nil},
		"two Content-Type":       {RuleRepeated, &written{append(plain().fields, "CONTENT-TYPE: text/html"), "a\n"}, nil},
		"no To":                  {RuleMissing, plain().without("To"), nil},
		"no MIME-Version":        {RuleMissing, plain().without("MIME-Version"), nil},
		"From of two":            {RuleFrom, plain().with("From: a@example.org, b@example.org"), nil},
		"From of two, odd":       {RuleFrom, plain().with("From: a@example.org b@example.org"), nil},
		"From of a group":        {RuleFrom, plain().with("From: Us: a@example.org;"), nil},
		"From of a route":        {RuleFrom, plain().with("From: <@evil.example:a@example.org>"), nil},
		"From without domain":    {RuleFrom, plain().with("From: Amal"), nil},
		"From of an address":     {RuleFrom, plain().with("From: a@[192.0.2.1]"), nil},
		"From of one label":      {RuleFrom, plain().with("From: a@localhost"), nil},
		"From of a suffix":       {RuleFrom, plain().with("From: a@co.uk"), map[string]string{"d": "co.uk"}},
		"quoted at":              {RuleAlignment, plain().with(`From: "a@example.org"@evil-example.org`), nil},
		"name like an address":   {RuleAlignment, plain().with(`From: "amal@example.org" <a@evil-example.org>`), nil},
		"expired":                {RuleExpired, plain(), map[string]string{"t": ago(2 * time.Hour), "x": ago(time.Hour)}},
		"future":                 {RuleFuture, plain(), map[string]string{"t": ago(-6 * time.Minute)}},
		"x before t":             {RuleSignature, plain(), map[string]string{"t": ago(0), "x": ago(0)}},
		"t not a number":         {RuleSignature, plain(), map[string]string{"t": "+1"}},
		"look-alike":             {RuleAlignment, plain(), map[string]string{"d": "evil-example.org"}},
		"look-alike From":        {RuleAlignment, plain().with("From: a@evil-example.org"), nil},
		"public suffix":          {RuleAlignment, plain().with("From: a@example.co.uk"), map[string]string{"d": "other.co.uk"}},
		"d= a public suffix":     {RuleAlignment, plain().with("From: a@example.co.uk"), map[string]string{"d": "co.uk"}},
		"i= elsewhere":           {RuleSignature, plain(), map[string]string{"i": "@evil-example.org"}},
		"i= look-alike":          {RuleSignature, plain(), map[string]string{"i": "@evilexample.org"}},
		"rsa-sha1":               {RuleAlgorithm, plain(), map[string]string{"a": "rsa-sha1"}},
		"ed25519 under rsa":      {RuleKey, plain(), map[string]string{"a": "ed25519-sha256"}},
		"no version":             {RuleSignature, plain(), map[string]string{"v": ""}},
		"odd canonical form":     {RuleSignature, plain(), map[string]string{"c": "nowsp"}},
		"odd query":              {RuleSignature, plain(), map[string]string{"q": "http"}},
		"h= with an equals sign": {RuleSignature, plain(), map[string]string{"h": "From:b=Subject"}},
		"no key":                 {RuleNoKey, plain(), map[string]string{"s": "none"}},
		"selector of a path":     {RuleSignature, plain(), map[string]string{"s": "a/b"}},
		"old":                    {RuleDate, plain().with("Date: " + now.Add(-8*24*time.Hour).Format(time.RFC1123Z)), nil},
		"early":                  {RuleDate, plain().with("Date: " + now.Add(8*24*time.Hour).Format(time.RFC1123Z)), nil},
		"no date":                {RuleDate, plain().with("Date: yesterday"), nil},
		"no colon":               {RuleHeader, &written{append(plain().fields, "nonsense"), "a\n"}, nil},
		"space before colon":     {RuleHeader, &written{append(plain().fields, "From : b@example.org"), "a\n"}, nil},
		"blank folded line":      {RuleHeader, plain().with("Subject: a\n \n b"), nil},
		"large header":           {RuleHeader, plain().with("X: " + strings.Repeat("a ", 33<<10)), nil},
		"large":                  {RuleSize, plain().text(strings.Repeat("a\n", 1<<20)), nil},
		"Subject in odd bytes":   {RuleHeader, plain().with("Subject: caf\xe9"), nil},
		"Subject of odd charset": {RuleSubject, plain().with("Subject: =?x-odd?Q?a?="), nil},
		"Subject cut in letters": {RuleSubject, plain().with("Subject: =?utf-8?Q?=D9?= a"), nil},
		"Subject with a bell":    {RuleSubject, plain().with("Subject: =?utf-8?Q?=07?="), nil},
	} {
		raw := forged(t, c.mail.bytes(), "rsa", c.change)
		_, err := Verify(t.Context(), raw, dns(), now)
		if !broke(err, c.rule) {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
		if err != nil && (strings.Contains(err.Error(), "example.org") || strings.Contains(err.Error(), "casablanca")) {
			t.Errorf("%s: the error quotes the mail: %v", name, err)
		}
	}
}

// What changes a mail on its way makes it fail, and what relaxed forms allow does not.
func TestAltered(t *testing.T) {
	raw := string(signed(t, plain().bytes(), "rsa"))
	for name, s := range map[string]string{
		"footer":            raw + "-- \r\nlist footer\r\n",
		"line before":       strings.Replace(raw, "\r\n\r\n", "\r\n\r\nWe endorse version 4.\r\n", 1),
		"subject":           strings.Replace(raw, "casablanca 3", "casablanca 4", 1),
		"case of subject":   strings.Replace(raw, "endorse cas", "Endorse cas", 1),
		"type":              strings.Replace(raw, "text/plain; charset=utf-8", "text/plain; charset=latin1", 1),
		"encoding added":    "Content-Transfer-Encoding: base64\r\n" + strings.Replace(raw, "\r\n\r\nWe", "\r\n\r\nWe", 1),
		"space in the word": strings.Replace(raw, "version 3", "ver sion 3", 1),
		"recipient":         strings.Replace(raw, "sijil@sijil", "other@sijil", 1),
	} {
		if s == raw {
			t.Fatalf("%s changes nothing", name)
		}
		_, err := Verify(t.Context(), []byte(s), dns(), now)
		if !broke(err, RuleAltered) && !(name == "encoding added" && broke(err, RuleEncoding)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, s := range map[string]string{
		"spaces at the end": strings.Replace(raw, "casablanca.  \r\n", "casablanca.\r\n", 1),
		"empty lines":       raw + "\r\n\r\n",
		"refolded":          strings.Replace(raw, "Subject: endorse", "Subject:\r\n\tendorse", 1),
		"case of a name":    strings.Replace(raw, "\r\nDate:", "\r\nDATE:", 1),
		"received":          "Received: from a by b\r\n" + raw,
	} {
		if s == raw {
			t.Fatalf("%s changes nothing", name)
		}
		verified(t, []byte(s))
	}
	simple := string(signed(t, plain().bytes(), "rsa", func(o *msgauth.SignOptions) { o.HeaderCanonicalization, o.BodyCanonicalization = "simple", "simple" }))
	if _, err := Verify(t.Context(), []byte(strings.Replace(simple, "casablanca.  \r\n", "casablanca.\r\n", 1)), dns(), now); !broke(err, RuleAltered) {
		t.Errorf("simple: %v", err)
	}
	for name, s := range map[string]string{"bare LF": strings.Replace(raw, "casablanca.", "casab\nlanca.", 1), "bare CR": strings.Replace(raw, "casablanca.", "casab\rlanca.", 1), "NUL": strings.Replace(raw, "casablanca.", "casab\x00lanca.", 1), "LF alone": strings.ReplaceAll(raw, "\r\n", "\n"), "CR at the end": raw + "\r"} {
		if _, err := Verify(t.Context(), []byte(s), dns(), now); !broke(err, RuleLines) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Key records.
func TestKey(t *testing.T) {
	p := strings.TrimPrefix(record("rsa"), "v=DKIM1; k=rsa; ")
	n := new(big.Int).SetBit(new(big.Int).SetBit(new(big.Int), 511, 1), 0, 1)
	short, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PublicKey(keys()["rsa"].Public().(*rsa.PublicKey))
	for rec, want := range map[string]Rule{
		p: "", "v=DKIM1; " + p: "", "k=rsa;" + p + ";": "", "v=DKIM1; h=sha1:sha256; s=email; n=note; t=s; " + p: "", "s=*; " + p: "",
		"v=DKIM1; p=" + base64.StdEncoding.EncodeToString(pkcs1): "",
		"t=y; " + p: RuleTesting, "t=s:y; " + p: RuleTesting, "t=y:s;" + p: RuleTesting,
		"v=DKIM1; p=": RuleNoKey, "v=DKIM1": RuleKey, "": RuleKey, "v=DKIM2; " + p: RuleKey, "v=spf1 -all": RuleKey,
		"h=sha1; " + p: RuleKey, "s=tlsrpt; " + p: RuleKey, "k=dsa; " + p: RuleKey, p + "; " + p: RuleKey, "k=ed25519; " + p: RuleKey, record("ed"): RuleKey,
		p + "!": RuleKey, "p=AAAA": RuleKey, p + ";" + strings.Repeat(" ", 5000): RuleKey, record("weak"): RuleAltered,
		"p=" + base64.StdEncoding.EncodeToString(short): RuleShort,
	} {
		raw := signed(t, plain().bytes(), "rsa")
		m, err := Verify(t.Context(), raw, zone{"rsa._domainkey.example.org": {rec}}, now)
		if want == "" && (err != nil || m.KeyRecord() != rec) || want != "" && !broke(err, want) {
			t.Errorf("%.40q: %v, want %q", rec, err, want)
		}
	}
	// t=s: d= has to be the From domain itself.
	raw := signed(t, plain().with("From: a@mail.example.org").bytes(), "rsa")
	z := zone{"rsa._domainkey.example.org": {"t=s; " + p}}
	if _, err := Verify(t.Context(), raw, z, now); !broke(err, RuleStrict) {
		t.Errorf("t=s: %v", err)
	}
	if m := verified(t, raw); m.Domain() != "example.org" || m.FromDomain() != "mail.example.org" || m.SigningDomain() != "example.org" {
		t.Errorf("%+v", m)
	}
	raw = signed(t, plain().bytes(), "rsa", func(o *msgauth.SignOptions) { o.Identifier = "@sub.example.org" })
	if _, err := Verify(t.Context(), raw, z, now); !broke(err, RuleStrict) {
		t.Errorf("t=s with i=: %v", err)
	}
	if _, err := Verify(t.Context(), raw, zone{"rsa._domainkey.example.org": {record("rsa"), record("rsa")}}, now); !broke(err, RuleKey) {
		t.Errorf("two records: %v", err)
	}
}

// A mistake of the DNS is one for the moment, a name that is not there is one for good.
func TestDNS(t *testing.T) {
	raw := signed(t, plain().bytes(), "rsa")
	var u *Unavailable
	if _, err := Verify(t.Context(), raw, zone{"error": {"servfail rsa._domainkey.example.org"}}, now); !errors.As(err, &u) || strings.Contains(err.Error(), "example.org") {
		t.Errorf("%v", err)
	}
	if _, err := Verify(t.Context(), raw, zone{}, now); !broke(err, RuleNoKey) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	// A server that never answers, and the resolver that a service has.
	silent, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", silent.LocalAddr().String())
	}}
	if _, err := Verify(ctx, raw, r, now); !errors.As(err, &u) {
		t.Errorf("%v", err)
	}
}

// One signature that holds is enough, of the first eight.
func TestSignatures(t *testing.T) {
	bad := func(raw []byte, n int) []byte {
		s := "DKIM-Signature: v=1; a=rsa-sha256; d=list.example; s=a; h=From; bh=AAAA; b=AAAA\r\n"
		return append([]byte(strings.Repeat(s, n)), raw...)
	}
	raw := signed(t, plain().bytes(), "rsa")
	verified(t, bad(raw, 7))
	if _, err := Verify(t.Context(), bad(raw, 8), dns(), now); !broke(err, RuleAlignment) {
		t.Errorf("%v", err)
	}
	if m := verified(t, signed(t, raw, "ed")); m.Selector() != "ed" {
		t.Errorf("%+v", m)
	}
	// The error is of the signature that came furthest.
	if _, err := Verify(t.Context(), append(bad(raw, 2), "x\r\n"...), dns(), now); !broke(err, RuleAltered) {
		t.Errorf("%v", err)
	}
	if _, err := Verify(t.Context(), plain().bytes(), dns(), now); !broke(err, RuleSignature) {
		t.Errorf("%v", err)
	}
	// A key that could not be looked up comes before a signature that is wrong.
	var u *Unavailable
	two := forged(t, signed(t, plain().bytes(), "rsa"), "rsa", map[string]string{"a": "rsa-sha1"})
	if _, err := Verify(t.Context(), two, zone{"error": {"x"}}, now); !errors.As(err, &u) {
		t.Errorf("%v", err)
	}
}

func TestFreeMail(t *testing.T) {
	for _, d := range strings.Fields("gmail.com GMAIL.COM yahoo.co.uk yahoo.fr gmx.net outlook.fr hotmail.co.uk yandex.ru mail.proton.me qq.com maktoob.com free.fr laposte.net") {
		raw := signed(t, plain().with("From: a@"+d).bytes(), "rsa")
		if _, err := Verify(t.Context(), raw, zone{"error": {"asked"}}, now); !errors.Is(err, ErrFreeMail) {
			t.Errorf("%s: %v", d, err)
		}
	}
	for _, d := range strings.Fields("free.org yahoo-news.org notgmail.com") {
		if isFreeMail(d) {
			t.Errorf("%s is taken for free mail", d)
		}
	}
}

// Google does not sign Content-Type, OpenDKIM neither that nor MIME-Version, Microsoft 365
// not To: what the relaxed rules take,
// and what they still refuse.
func TestRules(t *testing.T) {
	google := map[string]string{"h": "content-transfer-encoding:to:subject:message-id:date:from:mime-version:from:to:cc:subject:date:message-id:reply-to"}
	microsoft := map[string]string{"h": "From:Date:Subject:Message-ID:Content-Type:MIME-Version:X-MS-Exchange-SenderADCheck"}
	alternative := plain().with("Content-Type: multipart/alternative; boundary=\"b1\"").text("--b1\nContent-Type: text/plain; charset=utf-8\n\nWe endorse.\n--b1\nContent-Type: text/html\n\n<p>We endorse.\n--b1--\n")
	latin := plain().with("Content-Type: text/plain; charset=latin1")
	preamble := plain().with("Content-Type: multipart/alternative; boundary=b2").text("We refuse. You wrote:\n--b2\n\nWe endorse.\n--b2--\n")
	for name, c := range map[string]struct {
		rules  Rules
		mail   *written
		change map[string]string
		want   Rule
	}{
		"microsoft":                        {Rules{UnsignedTo: true}, plain(), microsoft, ""},
		"microsoft, other rule":            {Rules{UnsignedMIME: true}, plain(), microsoft, RuleUnsigned},
		"google, text":                     {Rules{UnsignedMIME: true}, plain(), google, ""},
		"google, alternative":              {Rules{UnsignedMIME: true}, alternative, google, ""},
		"google, other rule":               {Rules{UnsignedTo: true}, alternative, google, RuleUnsigned},
		"opendkim":                         {Rules{UnsignedMIME: true}, alternative, map[string]string{"h": "Date:From:To:Subject:From"}, ""},
		"opendkim, encoded":                {Rules{UnsignedMIME: true}, plain().with("Content-Transfer-Encoding: base64").text("YQ=="), map[string]string{"h": "Date:From:To:Subject:From"}, RuleUnsigned},
		"nothing but From":                 {Rules{UnsignedTo: true, UnsignedMIME: true}, plain(), map[string]string{"h": "From:Date"}, RuleUnsigned},
		"another character set":            {Rules{UnsignedMIME: true}, latin, google, RuleUnsigned},
		"another boundary, from the reply": {Rules{UnsignedMIME: true}, preamble, google, RuleUnsigned},
		"text made of parts":               {Rules{UnsignedMIME: true}, plain().text(alternative.body), google, RuleUnsigned},
	} {
		raw := forged(t, c.mail.bytes(), "rsa", c.change)
		m, err := c.rules.Verify(t.Context(), raw, dns(), now)
		if c.want == "" && err != nil || c.want != "" && !broke(err, c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err == nil {
			if again, err := c.rules.Again(raw, m.KeyRecord(), now); err != nil || *again != *m {
				t.Errorf("%s: again: %v", name, err)
			}
		}
	}
}
