package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/smtp"
)

// domainKey is what an organisation's mail server signs with.
type domainKey struct {
	host string
	key  ed25519.PrivateKey
}

// newDomainKey makes one, and puts the public half into the DNS.
func (c *campaign) newDomainKey(host string) domainKey {
	c.t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	check(c.t, err)
	c.web.names.Change(func() {
		c.web.names.TXT["s1._domainkey."+host] = [][]string{{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}}
	})
	return domainKey{host, key}
}

// letter is a mail of the organisation, signed.
func (k domainKey) letter(t *testing.T, from, subject, body string) []byte {
	t.Helper()
	mail := fmt.Sprintf("From: Board <%s>\r\nTo: endorse@sijil.example\r\nSubject: %s\r\nDate: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n",
		from, subject, time.Now().Format(time.RFC1123Z), strings.ReplaceAll(body, "\n", "\r\n"))
	var out bytes.Buffer
	check(t, msgauth.Sign(&out, strings.NewReader(mail), &msgauth.SignOptions{Domain: k.host, Selector: "s1", Signer: k.key, HeaderCanonicalization: "relaxed", BodyCanonicalization: "relaxed",
		HeaderKeys: []string{"From", "To", "Subject", "Date", "MIME-Version", "Content-Type"}}))
	return out.Bytes()
}

// code asks the service for what to write about version 1.
func (c *campaign) code(name, kind string) (line string) {
	c.t.Helper()
	return c.codeFor("1", name, kind)
}

func (c *campaign) codeFor(version, name, kind string) (line string) {
	c.t.Helper()
	body := fmt.Sprintf(`{"entry":%q,"version":%s,"kind":%q,"language":"en"}`, c.standings(version)[name].Entry, version, kind)
	res, err := c.http.Post(c.s.url+"/api/v1/publications/river/mail-codes", "application/json", strings.NewReader(body))
	check(c.t, err)
	defer res.Body.Close()
	var got struct{ To, Subject, Line string }
	check(c.t, json.NewDecoder(res.Body).Decode(&got))
	if res.StatusCode != http.StatusOK || got.To != "endorse@sijil.example" || got.Subject != got.Line {
		c.t.Fatalf("%d %+v", res.StatusCode, got)
	}
	return got.Line
}

// send sends a mail to the service; the code is 0 where it was taken.
func (c *campaign) send(raw []byte) int {
	c.t.Helper()
	err := smtp.Send(context.Background(), smtp.Server{Addr: c.mail, TLS: smtp.None}, "board@delta-watch.example", "endorse@sijil.example", raw)
	var failed *smtp.SendError
	if errors.As(err, &failed) {
		return failed.Code
	}
	check(c.t, err)
	return 0
}

// TestMail: an organisation endorses, and later denies, by mails that its domain signs;
// what is forged, replayed or another's is refused, and nothing of a mail is in clear in
// the folder.
func TestMail(t *testing.T) {
	c := newCampaign(t)
	delta, school := c.newDomainKey("delta-watch.example"), c.newDomainKey("river-school.example")
	line := c.code("Delta Watch", "endorsement")
	if len(line) > 70 {
		t.Errorf("%q is %d characters: a mail program may wrap it", line, len(line))
	}
	other := c.code("River School", "endorsement")
	const from, secret = "board@delta-watch.example", "+212 555 0101 is our telephone"
	good := delta.letter(t, from, "Re: "+line, line+"\n\n"+secret+"\n> "+other)
	for name, raw := range map[string][]byte{
		"no code in the subject":    delta.letter(t, from, "Hello", line),
		"no code in the first line": delta.letter(t, from, line, "Dear all,\n"+line),
		"another code in the body":  delta.letter(t, from, line, other),
		"more in the line":          delta.letter(t, from, line, line+" not"),
		"an invented code":          delta.letter(t, from, "sijil AAAAAAAAAAAAAAAA river 1 0123456789abcdef", "sijil AAAAAAAAAAAAAAAA river 1 0123456789abcdef"),
		"another version's number":  delta.letter(t, from, strings.Replace(line, " 1 ", " 2 ", 1), strings.Replace(line, " 1 ", " 2 ", 1)),
		"another digest":            delta.letter(t, from, line[:len(line)-1]+"z", line[:len(line)-1]+"z"),
		"another organisation":      school.letter(t, "board@river-school.example", line, line),
		"another's address":         school.letter(t, from, line, line),
		"a name that looks alike":   school.letter(t, "board@delta-watch.example.river-school.example", line, line),
		"a word changed on the way": bytes.Replace(good, []byte("telephone"), []byte("telefones"), 1),
		"a second From":             append([]byte("From: board@river-school.example\r\n"), good...),
	} {
		if code := c.send(raw); code != 550 {
			t.Errorf("%s: answer %d", name, code)
		}
	}
	c.want("1", "listed listed listed listed listed")
	if code := c.send(good); code != 0 {
		t.Fatalf("a good mail: %d", code)
	}
	c.want("1", "confirmed-mail listed listed listed listed")
	if code := c.send(good); code != 550 {
		t.Errorf("the same mail again: %d", code)
	}

	// A second address of the domain is told, in three languages, and how to object.
	told := <-c.told
	for _, want := range []string{"postmaster@delta-watch.example", "Auto-Submitted: auto-generated"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not in\n%s", want, told)
		}
	}
	header, err := new(mime.WordDecoder).DecodeHeader(told[strings.Index(told, "Subject: "):strings.Index(told, "\r\nDate")])
	check(t, err)
	if !strings.Contains(header, "Somebody spoke in the name of") {
		t.Error(header)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(told[strings.Index(told, "\r\n\r\n"):])))
	check(t, err)
	objection := regexp.MustCompile(`sijil [A-Z2-7]{16} river 1 [0-9a-f]{16}`).FindString(string(body))
	if objection == "" || objection == line || !strings.Contains(string(body), "has endorsed version 1") || !strings.Contains(string(body), "a soutenu la version 1") || !strings.Contains(string(body), "أيّدت رسالة") {
		t.Errorf("%s", body)
	}

	// Nothing of it is in clear, and what is public says where it came from.
	if where, found := holds(t, c.s.data, secret, "board@delta"); found {
		t.Errorf("%s holds the mail in clear", where)
	}
	if sealed, err := filepath.Glob(filepath.Join(c.s.data, "vault", "*.age")); err != nil || len(sealed) != 1 {
		t.Errorf("the vault holds %v, %v", sealed, err)
	}
	c.run(0, "export", "--publication", "river", "--server", c.s.url, "--trust", c.trust, "--out", c.file("evidence"))
	if where, found := holds(t, c.file("evidence"), secret, "board@"); found {
		t.Errorf("%s gives the mail away", where)
	}
	if got := c.known("1", "--offline", c.file("evidence")); got != "confirmed-mail listed listed listed listed" {
		t.Errorf("from the folder: %s", got)
	}

	// Who holds the mails and their key verifies them again; a vault of others' is noticed.
	at := []string{"audit", c.s.url, "--trust", c.trust, "--vault", filepath.Join(c.s.data, "vault"), "--identity", c.file("identity")}
	if got := c.run(0, at...); !strings.Contains(got, "clean") || strings.Contains(got, "not checked") {
		t.Error(got)
	}
	at[5] = t.TempDir()
	if got := c.run(0, at...); !strings.Contains(got, "the mail behind the entry") {
		t.Error(got)
	}

	// The last word holds.
	line = objection
	if code := c.send(delta.letter(t, "press@mail.delta-watch.example", line, line)); code != 0 {
		t.Errorf("a subdomain's mail: %d", code)
	}
	c.want("1", "denied listed listed listed listed")
	if got := c.run(0, "audit", c.s.url, "--trust", c.trust); !strings.Contains(got, "clean") {
		t.Error(got)
	}

	// A domain that has spoken for one entry of a list speaks for no other, and may deny it.
	union := c.newDomainKey("salt-union.example")
	speak := func(name, kind string) int {
		line := c.codeFor("2", name, kind)
		return c.send(union.letter(t, "board@salt-union.example", line, line))
	}
	c.list = append(c.list, signatory.Signatory{Name: "Youth of the Salt", Kind: signatory.Organisation, Domain: "salt-union.example"})
	c.publish("", "One more signatory.")
	if got := []int{speak("Salt Union", "endorsement"), speak("Youth of the Salt", "endorsement"), speak("Youth of the Salt", "denial")}; !slices.Equal(got, []int{0, 550, 0}) {
		t.Errorf("a domain of two entries: answers %v", got)
	}
	c.want("2", "denied listed confirmed-mail listed listed denied")

	// With the name goes the mail.
	c.sign(0, "office", "withhold", "river", "--entry", "Delta Watch", "--yes")
	if sealed, err := filepath.Glob(filepath.Join(c.s.data, "vault", "*.age")); err != nil || len(sealed) != 2 { // the salt union's
		t.Errorf("after the name was withheld the vault holds %v, %v", sealed, err)
	}
	if where, found := holds(t, c.s.data, "Delta Watch", "delta-watch.example"); found {
		t.Errorf("after the name was withheld %s holds it", where)
	}
	if got := c.run(0, "audit", c.s.url, "--trust", c.trust); !strings.Contains(got, "clean") {
		t.Error(got)
	}
}
