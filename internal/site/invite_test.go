package site

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// delta is a publication whose signatories speak for themselves.
type delta struct {
	*world
	publication publish.Summary
}

const (
	watch, school, union, women, person, club, hostile, dockers = 0, 1, 2, 3, 4, 5, 6, 7
)

func newDelta(t testing.TB) *delta {
	t.Helper()
	w := newWorld(t)
	list := []signatory.Signatory{
		{Name: "Delta Watch", Kind: signatory.Organisation, Domain: "delta-watch.example"},
		{Name: "مدرسة النهر", Language: "ar", Kind: signatory.Organisation, Country: "MA", Domain: "river-school.example"},
		{Name: "Salt Union", Kind: signatory.Organisation, Domain: "salt-union.example"},
		{Name: "Women of the Port", Kind: signatory.Organisation, Domain: "port-women.example"},
		{Name: "Amina Saleh", Kind: signatory.Person, Role: "librarian of <Oued> Zarg"},
		{Name: "Evening Club", Kind: signatory.Organisation},
		{Name: hostileName, Kind: signatory.Organisation, Domain: "hostile.example"},
		{Name: "Dockers", Kind: signatory.Organisation, Domain: "dockers.example"},
	}
	texts := map[string]string{"en": wellsEN, "ar": wellsAR}
	w.create("delta", draft{title: map[string]string{"en": "Declaration <b>of the</b> Delta", "ar": "إعلان الدلتا"}, texts: texts, reason: "First.", date: "2031-05-04", list: list})
	d := &delta{world: w}
	d.again()
	return d
}

func (d *delta) again() {
	d.t.Helper()
	var err error
	d.publication, err = d.service.Publication("delta")
	check(d.t, err)
}

func (d *delta) entry(place int) string {
	d.t.Helper()
	list, err := d.service.Standings(d.t.Context(), "delta", 1)
	check(d.t, err)
	return list[place].Entry
}

func (d *delta) link(place int, more ...func(*invitation.Invitation)) string {
	d.t.Helper()
	i := invitation.Invitation{Publication: d.publication.Genesis, Version: 1, Entry: d.entry(place), Until: clock().Add(time.Hour)}
	for _, change := range more {
		change(&i)
	}
	s, err := invitation.New(rand.Reader, d.signer, i)
	check(d.t, err)
	return s
}

// sign hands in a claim under a key.
func (d *delta) sign(place int, signer *keys.Signer, kind, reason, invited string) {
	d.t.Helper()
	lang := ""
	if kind == statement.ClaimEndorsement {
		lang = "en"
	}
	payload, err := d.service.ClaimStatement("delta", 1, kind, d.entry(place), lang, reason)
	check(d.t, err)
	b, err := logtest.Sign(d.t, signer, payload).Marshal()
	check(d.t, err)
	_, err = d.service.Claim(context.Background(), "delta", b, signer.Public().SPKI(), invited)
	check(d.t, err)
}

func (d *delta) line(kind string, place int) publish.DomainLine {
	d.t.Helper()
	return publish.DomainLine{Kind: kind, Publication: d.publication.Genesis, Version: 1, Record: d.publication.Versions[0].Record, Entry: d.entry(place)}
}

func (d *delta) keyLine(place int, s *keys.Signer) publish.DomainLine {
	return publish.DomainLine{Kind: "key", Publication: d.publication.Genesis, Entry: d.entry(place), Key: s.Public().Digest()}
}

func (d *delta) look(place int, domain string, lines ...publish.DomainLine) {
	d.t.Helper()
	d.domains[domain] = lines
	_, err := d.service.CheckDomain(context.Background(), "delta", d.entry(place), nil)
	check(d.t, err)
}

func (d *delta) mail(place int, domain, kind string) {
	d.t.Helper()
	lang := "en"
	got, err := d.service.NewMailCode(context.Background(), "delta", 1, d.entry(place), kind, lang, "")
	check(d.t, err)
	_, err = d.service.Mail(context.Background(), []byte(domain+"|"+got.Line))
	check(d.t, err)
}

// everything is every state that a signatory can be in.
func (d *delta) everything() {
	d.t.Helper()
	key := logtest.NewSigner(d.t)
	named := d.keyLine(watch, key)
	d.sign(watch, key, statement.ClaimEndorsement, "", d.link(watch))
	d.look(watch, "delta-watch.example", named, d.line(statement.ClaimEndorsement, watch))
	d.look(school, "river-school.example", d.line(statement.ClaimEndorsement, school))
	d.look(school, "river-school.example", []publish.DomainLine{}...)
	d.mail(union, "salt-union.example", statement.ClaimEndorsement)
	d.look(women, "port-women.example", d.line(statement.ClaimDenial, women))
	d.sign(club, logtest.NewSigner(d.t), statement.ClaimEndorsement, "", d.link(club))
	own := logtest.NewSigner(d.t)
	named = d.keyLine(dockers, own)
	d.sign(dockers, own, statement.ClaimEndorsement, "", d.link(dockers))
	d.look(dockers, "dockers.example", named)
	d.sign(dockers, own, statement.ClaimWithdrawal, "A demand <b>was</b> dropped.", "")
	d.withhold(person)
}

func (d *delta) withhold(place int) {
	d.t.Helper()
	payloads, err := d.service.Payloads(d.t.Context(), "delta", d.entry(place))
	check(d.t, err)
	d.again()
	r := &statement.Redaction{Log: d.name, Publication: d.publication.Genesis, Previous: d.publication.Head, Sequence: d.publication.Sequence + 1, Issued: clock().Format(time.RFC3339), Entry: d.entry(place), Payloads: payloads}
	_, err = d.service.Submit(context.Background(), "delta", d.sign1(r), publish.Content{})
	check(d.t, err)
	d.again()
}

func (d *delta) sign1(s statement.Statement) []byte { return d.world.sign(s) }

// propose makes two keys sign from now on, and proposes a retraction under one of them.
func (d *delta) propose() {
	d.t.Helper()
	other := logtest.NewSigner(d.t)
	d.again()
	_, err := d.service.Submit(context.Background(), "delta", d.sign1(&statement.PolicyChange{Log: d.name, Publication: d.publication.Genesis, Previous: d.publication.Head, Sequence: d.publication.Sequence + 1,
		Issued: clock().Format(time.RFC3339), Reason: "Both of us sign.", Policy: statement.NewPolicy(2, d.signer.Public(), other.Public())}), publish.Content{})
	check(d.t, err)
	d.again()
	_, err = d.service.Submit(context.Background(), "delta", d.sign1(&statement.Retraction{Log: d.name, Publication: d.publication.Genesis, Previous: d.publication.Head, Sequence: d.publication.Sequence + 1,
		Issued: clock().Format(time.RFC3339), Reason: "Not yet.", Version: &statement.VersionName{Number: 1, Record: d.publication.Versions[0].Record}}), publish.Content{})
	check(d.t, err)
}

// item is what the page says of the entry at a place.
func item(root *html.Node, place int) string {
	return words(root, func(n *html.Node) bool { return attr(n, "id") == "signatory-"+itoa(place+1) })
}

func TestKnownOnPages(t *testing.T) {
	d := newDelta(t)
	root, _ := mainOf(t, d.world, "/p/delta")
	if got := item(root, watch); got != "Delta Watch listed by the publisher" {
		t.Error(got)
	}
	d.everything()
	d.propose()
	for _, path := range []string{"/p/delta", "/p/delta/v/1"} {
		root, main := mainOf(t, d.world, path)
		for place, want := range map[int][]string{
			watch:   {"Delta Watch signed in 2 independent ways Confirmed domain: delta-watch.example Signed with its key on", "delta-watch.example names the key.", "delta-watch.example said so on", "Last seen there", "Log index"},
			school:  {"مدرسة النهر was confirmed by its domain", "It says so no more, which is no withdrawal."},
			union:   {"Salt Union confirmed by mail Confirmed domain: salt-union.example A mail from salt-union.example said so on"},
			women:   {"Women of the Port says that it never agreed Confirmed domain: port-women.example It said on"},
			person:  {"one name withheld at the signatory’s wish"},
			club:    {"Evening Club listed by the publisher Something was signed in its name with a key that nobody has confirmed."},
			hostile: {hostileName + " listed by the publisher"},
			dockers: {"Dockers has withdrawn Confirmed domain: dockers.example It said on", "A demand <b>was</b> dropped."},
		} {
			holds(t, path, item(root, place), want...)
		}
		holds(t, path, main, "1 has signed 1 confirmed by mail 1 confirmed by its domain 1 says that it never agreed 1 has withdrawn 2 listed by the publisher 1 name withheld")
		if strings.Contains(main, "Amina") || strings.Contains(main, "librarian") {
			t.Errorf("%s names her", path)
		}
		var order []string
		for n := range root.Descendants() {
			if number, ok := strings.CutPrefix(attr(n, "id"), "signatory-"); ok {
				order = append(order, number)
				if has(n, func(c *html.Node) bool { return c.Data == "svg" }) == (attr(n, "class") == "is-withheld") {
					t.Errorf("%s: entry %s: icon and word do not go together", path, number)
				}
			}
		}
		if got := strings.Join(order, " "); got != "1 3 2 4 8 6 7 5" {
			t.Errorf("%s: order %s", path, got)
		}
	}
	root, main := mainOf(t, d.world, "/p/delta")
	holds(t, "proposal", main, "Proposed. To retract version 1: awaiting signatures, 1 of 2 so far.")
	_, main = mainOf(t, d.world, "/p/delta/history")
	holds(t, "history", main, "Proposed. To retract version 1: awaiting signatures, 1 of 2 so far.", "A new publication policy Both of us sign.", "One name is withheld",
		"Dockers withdrew (version 1)", "A demand <b>was</b> dropped.", "Women of the Port says that it never agreed", "Salt Union endorsed version 1", "by a mail from salt-union.example",
		"The domain of مدرسة النهر no longer says", "Delta Watch endorsed version 1", "with a key named by delta-watch.example")
	if strings.Contains(main, "Evening Club") || strings.Contains(main, "Amina") {
		t.Error("the history tells of what does not count, or names a withheld person")
	}
	said, err := d.service.Said(t.Context(), "delta")
	check(t, err)
	entry := parse(t, d.get(entryPath(said[0].Index)))
	holds(t, "entry", words(entry, element("main")), "A signatory endorses", "sijil endorsements delta")
	if !has(entry, linkTo(recordPath("delta", said[0].Record.Hex()))) || !has(root, linkTo(entryPath(said[0].Index))) {
		t.Error("no link between entry, bundle and publication")
	}
}

// TestKnownInComparison: names that came or went say how they are known.
func TestKnownInComparison(t *testing.T) {
	w := newWorld(t)
	list := []signatory.Signatory{{Name: "Delta Watch", Kind: signatory.Organisation, Domain: "delta-watch.example"}, {Name: "Salt Union", Kind: signatory.Organisation}}
	one := draft{title: map[string]string{"en": "Delta"}, texts: map[string]string{"en": wellsEN}, reason: "First.", list: list}
	two := one
	two.list = append(slices.Clone(list[:1]), signatory.Signatory{Name: "River School", Kind: signatory.Organisation})
	w.create("delta", one, two)
	_, main := mainOf(t, w, "/p/delta/compare/1/2")
	holds(t, "comparison", main, "Added River School listed by the publisher", "Removed Salt Union listed by the publisher")
}

func TestFeedsTellWhatCounts(t *testing.T) {
	d := newDelta(t)
	d.sign(person, logtest.NewSigner(t), statement.ClaimEndorsement, "", d.link(person))
	d.everything()
	d.propose()
	for lang, want := range map[string][]string{
		"en": {"Salt Union endorsed version 1", "Dockers withdrew (version 1)", "Women of the Port says that it never agreed", "A new publication policy", "One name is withheld"},
		"fr": {"Salt Union a approuvé la version 1", "Dockers s’est retiré"}, "ar": {"تأييد Salt Union للإصدار 1", "انسحاب Dockers"},
	} {
		body := d.get("/" + lang + "/p/delta/feed.json").Body.String()
		var f struct {
			Items []struct {
				ID, Title string
				Text      string `json:"content_text"`
			}
		}
		check(t, json.Unmarshal([]byte(body), &f))
		var all strings.Builder
		ids := map[string]bool{}
		for _, i := range f.Items {
			all.WriteString(i.Title + " | " + i.Text + "\n")
			ids[i.ID] = true
		}
		holds(t, lang, all.String(), want...)
		if len(ids) != len(f.Items) {
			t.Errorf("%s: two items have one name", lang)
		}
		if strings.Contains(all.String(), "Evening Club") || strings.Contains(all.String(), "Amina") || strings.Contains(d.get("/feed.atom").Body.String(), "Amina") {
			t.Errorf("%s: the feed tells of what does not count", lang)
		}
	}
}

func (d *delta) post(path string) *httptest.ResponseRecorder {
	return d.do(httptest.NewRequest(http.MethodPost, path, nil))
}

func TestInvitation(t *testing.T) {
	d := newDelta(t)
	token := d.link(school)
	rec := d.get("/i/" + token)
	root := parse(t, rec)
	main := words(root, element("main"))
	if rec.Code != 200 || rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	line := d.line(statement.ClaimEndorsement, school).String()
	holds(t, "invitation", main, "Does مدرسة النهر endorse this declaration?", "The publisher of “ Declaration <b>of the</b> Delta ” lists مدرسة النهر among the signatories of version 1",
		"Entry 2 of 8, exactly as it stands:", "an organisation", "MA", "river-school.example", "listed by the publisher", "Open the seven gates at once.", "It is for version 1 only.",
		line, "https://river-school.example/.well-known/sijil.txt", "_sijil.river-school.example", "sijil endorse delta --version 1 --entry 2 --language en", "--invitation "+token, "cosign attest-blob",
		"needs scripts")
	if !has(root, func(n *html.Node) bool {
		return attr(n, "id") == "passkey" && attr(n, "data-invitation") == token && attr(n, "data-party") == "sijil.example"
	}) || !has(root, func(n *html.Node) bool { return attr(n, "action") == "/i/"+token+"/domain?text=en" }) {
		t.Error("no way by passkey, or no form")
	}
	// The same in another language, another text, another statement.
	main = words(parse(t, d.get("/ar/i/"+token+"?say=denial&text=en")), element("main"))
	holds(t, "denial", main, "ألم يوافق مدرسة النهر قط؟", "Open the seven gates at once.", d.line(statement.ClaimDenial, school).String(), "--deny", "claims/denial.json")
	main = words(parse(t, d.get("/fr/i/"+token+"?say=withdrawal")), element("main"))
	holds(t, "withdrawal", main, d.line(statement.ClaimWithdrawal, school).String(), "--withdraw", "Nous nous retirons")
	if strings.Contains(main, "--language") {
		t.Error("a withdrawal names a language")
	}
	// A person without a domain.
	main = words(parse(t, d.get("/i/"+d.link(person))), element("main"))
	holds(t, "person", main, "a person", "librarian of <Oued> Zarg", "none given", "The list gives no domain for you")
	parse(t, d.get("/i/"+d.link(hostile)))
}

func TestInvitationDomain(t *testing.T) {
	d := newDelta(t)
	token := d.link(school)
	at := "/i/" + token + "/domain"
	look := func(path string, status int, want ...string) *html.Node {
		t.Helper()
		rec := d.post(path)
		if rec.Code != status || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
		root := parse(t, rec)
		holds(t, path, words(root, element("main")), want...)
		return root
	}
	root := look("/en"+at, 200, "Nothing found yet", "river-school.example answers, and says nothing of this entry.", d.line(statement.ClaimEndorsement, school).String(), "Look again")
	if !has(root, linkTo("/en/i/"+token)) || !has(root, linkTo("/fr/i/"+token)) {
		t.Error("no way back, or to another language")
	}
	d.domains["river-school.example"] = nil
	look(at, 502, "The domain could not be asked", "<b>no route</b>")
	d.domains["river-school.example"] = []publish.DomainLine{d.line(statement.ClaimEndorsement, school), d.line(statement.ClaimDenial, school)}
	look(at, 409, "The domain says several things")
	wrong := d.line(statement.ClaimEndorsement, school)
	wrong.Record = log.Sum(nil)
	d.domains["river-school.example"] = []publish.DomainLine{wrong}
	look(at, 409, "The line does not fit")
	d.domains["river-school.example"] = []publish.DomainLine{d.line(statement.ClaimEndorsement, school)}
	look(at, 200, "Your domain has spoken", "river-school.example says: that it endorses the text", "recorded in the log", "confirmed by its domain")
	look("/ar"+at, 200, "تكلم نطاقكم", "فلم يُضف شيء")
	key := d.keyLine(school, logtest.NewSigner(t))
	d.domains["river-school.example"] = []publish.DomainLine{d.line(statement.ClaimEndorsement, school), key}
	look(at, 200, "names a key that has signed nothing here")
	look("/i/"+d.link(club)+"/domain", 409, "There is no domain to look at")
	if rec := d.get("/fr" + at + "?say=denial"); rec.Code != 303 || rec.Header().Get("Location") != "/fr/i/"+token+"?say=denial" {
		t.Errorf("opened again: %d %s", rec.Code, rec.Header().Get("Location"))
	}
}

func TestInvitationMail(t *testing.T) {
	d := newDelta(t)
	token := d.link(union)
	root := parse(t, d.post("/en/i/"+token+"/mail"))
	main := words(root, element("main"))
	holds(t, "mail", main, "Send this mail", "from an address of salt-union.example", "endorse@sijil.example")
	var line string
	for n := range root.Descendants() {
		if href := attr(n, "href"); strings.HasPrefix(href, "mailto:") {
			u, err := url.Parse(href)
			check(t, err)
			q := u.Query()
			line = q.Get("subject")
			if u.Opaque != "endorse@sijil.example" || q.Get("body") != line+"\r\n" {
				t.Errorf("%s", href)
			}
		}
	}
	if line == "" || strings.Count(main, line) != 2 {
		t.Fatalf("%q in %s", line, main)
	}
	_, err := d.service.Mail(context.Background(), []byte("salt-union.example|"+line))
	check(t, err)
	list, err := d.service.Standings(d.t.Context(), "delta", 1)
	check(t, err)
	if list[union].Known != endorsement.ConfirmedMail {
		t.Errorf("%+v", list[union])
	}
	if rec := d.post("/i/" + d.link(club) + "/mail"); rec.Code != 409 {
		t.Errorf("without a domain: %d", rec.Code)
	}
}

// TestInvitationRefused: what cannot be used says why, and names nobody.
func TestInvitationRefused(t *testing.T) {
	d := newDelta(t)
	good := d.link(watch)
	used := d.link(watch)
	key := logtest.NewSigner(t)
	d.sign(watch, key, statement.ClaimEndorsement, "", used)
	withheld := d.link(person)
	d.withhold(person)
	tampered := []byte(good)
	tampered[60] ^= 1
	strange, err := invitation.New(rand.Reader, logtest.NewSigner(t), invitation.Invitation{Publication: d.publication.Genesis, Version: 1, Entry: d.entry(watch), Until: clock().Add(time.Hour)})
	check(t, err)
	for name, x := range map[string]struct {
		token  string
		status int
		says   string
	}{
		"nonsense": {"x", 403, "This invitation is not valid"}, "long": {strings.Repeat("A", 300), 403, "This invitation is not valid"}, "cut": {good[:len(good)-4], 403, "This invitation is not valid"},
		"markup": {"%3Cscript%3E", 403, "This invitation is not valid"}, "tampered": {string(tampered), 403, "This invitation is not valid"}, "another key": {strange, 403, "This invitation is not valid"},
		"another publication": {d.link(watch, func(i *invitation.Invitation) { i.Publication = log.Sum(nil) }), 403, "This invitation is not valid"},
		"no such version":     {d.link(watch, func(i *invitation.Invitation) { i.Version = 9 }), 403, "This invitation is not valid"},
		"expired":             {d.link(watch, func(i *invitation.Invitation) { i.Until = clock() }), 410, "This invitation has expired"},
		"used":                {used, 410, "This invitation has been used"}, "withheld": {withheld, 410, "This name has been withheld"},
	} {
		rec := d.get("/i/" + x.token)
		body := words(parse(t, rec), element("main"))
		if rec.Code != x.status || !strings.Contains(body, x.says) || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", name, rec.Code, body)
		}
		for _, who := range []string{"Delta Watch", "delta-watch", "Amina", "librarian", "River"} {
			if strings.Contains(rec.Body.String(), who) {
				t.Errorf("%s: the page names %s", name, who)
			}
		}
		if name == "used" {
			holds(t, name, body, "The key waits for its domain", "key="+key.Public().Digest().String())
			continue
		}
		for _, way := range []string{"/domain", "/mail"} {
			if rec := d.post("/i/" + x.token + way); rec.Code != x.status {
				t.Errorf("%s %s: %d", name, way, rec.Code)
			}
		}
	}
	// A used one still has its domain looked at, which needs none.
	named := d.keyLine(watch, key)
	d.domains["delta-watch.example"] = []publish.DomainLine{named}
	rec := d.post("/i/" + used + "/domain")
	holds(t, "used, and named", words(parse(t, rec), element("main")), "Your domain has spoken", "which key is its own")
	root, _ := mainOf(t, d.world, "/p/delta")
	holds(t, "then", item(root, watch), "Delta Watch signed")
	if rec := d.post("/i/" + used + "/mail"); rec.Code != 410 {
		t.Errorf("used, by mail: %d", rec.Code)
	}
}
