package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/match"
)

// passkeyClaims is asked by the browser alone.
const passkeyClaims = "/api/v1/publications/{slug}/passkey-claims"

// spoken are the operations by which signatories speak.
var spoken = []string{
	"/api/v1/publications/{slug}/claims", "/api/v1/publications/{slug}/domain-checks", "/api/v1/publications/{slug}/mail-codes", passkeyClaims,
	"/api/v1/publications/{slug}/endorsements.jsonl", "/api/v1/latest/publications/{slug}/endorsements.jsonl", "/api/v1/publications/{slug}/versions/{version}/endorsements.json",
	"/api/v1/publications/{slug}/versions/{version}/claims/{kind}.json", "/api/v1/publications/{slug}/entries/{entry}/payloads.json", "/observer",
}

// TestStory is the story of four organisations and a person, from invitation to verdict:
// one signs with a key and withdraws, one with a passkey in a browser, one speaks by its
// domain's name server, one by mail; the person's name is withheld. Meanwhile one publisher
// becomes two of three, and one of their keys is replaced. In the end somebody who never
// spoke to the service audits an exported folder, and checks a copy.
func TestStory(t *testing.T) {
	c := newCampaign(t)
	api := newContract(t, c.s)
	c.http.Transport = api
	c.want("1", "listed listed listed listed listed")
	links := c.invite("invitations.csv")
	if len(links) != 6 { // with the heading
		t.Fatalf("%d invitations", len(links))
	}
	c.signs(links["Delta Watch"])
	c.want("1", "signed listed listed listed listed")
	p := newPerson(t, c.s.url)
	c.signsInBrowser(p, links["River School"])
	c.want("1", "signed signed listed listed listed")
	c.speaksByName()
	c.want("1", "signed signed confirmed-domain listed listed")
	c.writes()
	c.want("1", "signed signed confirmed-domain confirmed-mail listed")
	c.knownToService(match.Known{Signed: 2, ConfirmedDomain: 1, ConfirmedMail: 1, Listed: 1})
	c.secondWay()
	c.fallsSilent()

	// Two of three publish a new version: the French text changes, the English one does
	// not. Who read the English one still stands; who read the French one, or did not say
	// what it read, does not.
	c.shared()
	french := c.text["fr"]
	c.text["fr"] = strings.Replace(french, "Aucun puits", "Aucun de nos puits", 1)
	waiting := c.publish("", "A clearer sentence in French.")
	if got := c.known("1"); strings.Contains(c.run(0, c.at("history", "river")...), "A clearer sentence in French.") || got != "signed signed confirmed-domain confirmed-mail listed" {
		t.Errorf("one of two signatures was enough: %s", got)
	}
	c.cosign("third", waiting.Record.String())
	c.want("2", "signed listed listed confirmed-mail listed")

	// Delta Watch withdraws: an enrolled key needs no invitation. The person's name goes.
	c.sign(0, "delta", "endorse", "river", "--entry", "Delta Watch", "--withdraw", "--reason", "A demand was dropped.", "--yes")
	c.want("2", "withdrawn listed listed confirmed-mail listed")
	if got := c.standings("1")["Delta Watch"]; got.Known != "withdrawn" || got.Left == nil || got.Left.Reason != "A demand was dropped." || got.Left.Publisher {
		t.Errorf("withdrawn: %+v", got)
	}
	c.readsAgain(p)
	c.withhold()
	if got := c.run(0, "audit", c.s.url, "--trust", c.trust); !strings.Contains(got, "✓ clean: ") {
		t.Error(got)
	}
	c.page(p, french)
	c.fromTheFolder(french)

	c.code("Women of the Port", "denial")
	c.fetch("/api/v1/publications/river/versions/1/endorsements.json")
	c.fetch("/api/v1/publications/river/versions/1/claims/denial.json?entry=" + c.standings("1")["River School"].Entry)
	for _, path := range spoken {
		if op := api.doc.Paths.Value(path); op == nil || path != passkeyClaims && !api.touched(op) {
			t.Errorf("%s is not described, or no exchange has touched it", path)
		}
	}
}

// signs: Delta Watch signs with a key. It counts once its domain names the key.
func (c *campaign) signs(link string) {
	t := c.t
	t.Helper()
	c.run(0, "keygen", "--out", c.file("delta"), "--passphrase-env", "PASSPHRASE")
	endorse := []string{"endorse", "river", "--language", "en", "--yes"}
	if said := c.sign(1, "delta", append(endorse, "--entry", "Delta Watch")...); !strings.Contains(said, "an invitation is needed") {
		t.Error(said)
	}
	if said := c.sign(1, "delta", append(endorse, "--entry", "River School", "--invitation", link)...); !strings.Contains(said, "another list entry") {
		t.Error(said)
	}
	key := lineOf(t, c.sign(0, "delta", append(endorse, "--entry", "Delta Watch", "--invitation", link)...), "key")
	c.want("1", "listed listed listed listed listed")
	if !c.standings("1")["Delta Watch"].Unconfirmed {
		t.Error("a key that nobody has confirmed is not said to be one")
	}
	if said := c.sign(1, "delta", "endorse", "river", "--entry", "Delta Watch", "--withdraw", "--yes", "--invitation", link); !strings.Contains(said, "used before") {
		t.Error(said)
	}
	c.web.put("delta-watch.example", key+"\n")
	if got := c.run(0, c.at("confirm", "river", "--entry", "1")...); !strings.Contains(got, "record:") {
		t.Error(got)
	}
}

// signsInBrowser: somebody of River School opens the link, reads the French text, signs with
// a passkey, has the domain name its key, and presses the button.
func (c *campaign) signsInBrowser(p *person, link string) {
	t := c.t
	t.Helper()
	if !strings.HasPrefix(link, c.s.url+"/i/") {
		t.Fatalf("the link is %s", link)
	}
	before := c.known("1")
	var line, heading, said string
	p.hasPasskeys()
	p.run(chromedp.Navigate(link+"?text=fr"), chromedp.Text("article", &said), chromedp.Click("[data-step=make] button"), chromedp.WaitVisible("[data-step=sign] button"))
	if !strings.Contains(said, "Nous demandons le partage du fleuve.") {
		t.Errorf("the text that is read is\n%s", said)
	}
	c.want("1", before) // nothing was sent
	p.run(chromedp.Click("[data-step=sign] button"), chromedp.WaitVisible("[data-said=done]"), chromedp.Text("[data-said=done] [data-line]", &line))
	if got := c.standings("1")["River School"]; got.Known != "listed" || !got.Unconfirmed {
		t.Errorf("before the domain names the key: %+v", got)
	}
	// The link says what to do for whoever comes back to it.
	p.run(chromedp.Navigate(link), chromedp.Text("main", &said))
	if !strings.Contains(said, strings.TrimSpace(line)) || strings.Contains(said, "River School") {
		t.Errorf("the used link lacks the line %q, or names somebody:\n%s", line, said)
	}
	c.web.put("river-school.example", strings.TrimSpace(line)+"\n")
	p.run(chromedp.Click("main form button"), chromedp.WaitVisible(".verdict.same"), chromedp.Text("h1", &heading))
	if heading != "Your domain has spoken" {
		t.Errorf("then: %s", heading)
	}
	p.run(chromedp.Navigate(c.s.url+"/p/river"), chromedp.Click("details.each summary"), chromedp.Text("#signatory-2", &said))
	if !strings.Contains(said, "Signed with a passkey on") {
		t.Errorf("the page says: %s", said)
	}
	for _, x := range p.requests() {
		_, address, _ := strings.Cut(x, " ")
		if !strings.HasPrefix(address, c.s.url+"/") && !strings.HasPrefix(address, "data:") {
			t.Errorf("the page asked elsewhere: %s", x)
		}
	}
}

// speaksByName: the salt union writes into the DNS.
func (c *campaign) speaksByName() {
	c.t.Helper()
	line := lineOf(c.t, c.run(0, c.at("confirm", "river", "--entry", "Salt Union")...), "endorsement")
	c.web.names.Change(func() { c.web.names.TXT["_sijil.salt-union.example"] = [][]string{{line}} })
	c.run(0, c.at("confirm", "river", "--entry", "3")...)
	if got := c.run(0, c.at("confirm", "river", "--entry", "3")...); !strings.Contains(got, "nothing new") {
		c.t.Error(got)
	}
}

// writes: the women of the port answer by a mail that their domain signs, and another
// address there is told.
func (c *campaign) writes() {
	c.t.Helper()
	port := c.newDomainKey("port-women.example")
	line := c.code("Women of the Port", "endorsement")
	if code := c.send(port.letter(c.t, "board@port-women.example", "Re: "+line, line+"\n\nGreetings from the port.\n> "+line)); code != 0 {
		c.t.Fatalf("a good mail: %d", code)
	}
	if told := <-c.told; !strings.Contains(told, "postmaster@port-women.example") {
		c.t.Error(told)
	}
}

// knownToService: the service's own verdict counts them in the same way.
func (c *campaign) knownToService(want match.Known) {
	c.t.Helper()
	res, err := http.Post(c.s.url+"/api/v1/verify", "text/plain; charset=utf-8", strings.NewReader(c.text["en"]))
	check(c.t, err)
	defer res.Body.Close()
	var verdict match.Verdict
	check(c.t, json.NewDecoder(res.Body).Decode(&verdict))
	if got := verdict.Signatories.Known; got != want {
		c.t.Errorf("the service's verdict knows %+v, want %+v", got, want)
	}
}

// secondWay: two ways are more than one.
func (c *campaign) secondWay() {
	c.t.Helper()
	line := strings.Replace(c.web.names.TXT["_sijil.salt-union.example"][0][0], c.standings("1")["Salt Union"].Entry, c.standings("1")["Delta Watch"].Entry, 1)
	c.web.put("delta-watch.example", line+"\n")
	c.run(0, c.at("confirm", "river", "--entry", "1")...)
	if got := c.standings("1")["Delta Watch"]; got.Known != "signed" || got.Independent != 2 {
		c.t.Errorf("two ways: %+v", got)
	}
}

// fallsSilent: what a domain says no more is marked, and is no withdrawal.
func (c *campaign) fallsSilent() {
	c.t.Helper()
	c.web.names.Change(func() { delete(c.web.names.TXT, "_sijil.salt-union.example") })
	c.run(0, c.at("confirm", "river", "--entry", "3")...)
	if got := c.standings("1")["Salt Union"]; got.Known != "confirmed-domain" || len(got.Ways) != 1 || !got.Ways[0].Gone {
		c.t.Errorf("a domain that fell silent: %+v", got)
	}
}

// readsAgain: who is asked to endorse a later version is shown what changed, by the tool and
// on the page where the invitation leads.
func (c *campaign) readsAgain(p *person) {
	t := c.t
	t.Helper()
	links := c.invite("again.csv")
	c.run(0, "keygen", "--out", c.file("union"), "--passphrase-env", "PASSPHRASE")
	said := c.sign(0, "union", "endorse", "river", "--entry", "Salt Union", "--language", "fr", "--yes", "--invitation", links["Salt Union"])
	for _, want := range []string{"what changed since version 1, which was endorsed in the name of", "Aucun {+de nos+} puits"} {
		if !strings.Contains(said, want) {
			t.Errorf("endorsing again lacks %q:\n%s", want, said)
		}
	}
	var changed string
	p.run(chromedp.Navigate(links["River School"]), chromedp.Click(`a[href="/p/river/compare/1/2"]`), chromedp.WaitVisible("main ins"), chromedp.Text("main", &changed))
	if !strings.Contains(changed, "Aucun de nos puits") {
		t.Errorf("what changed: %s", changed)
	}
}

// withhold: the person's name goes, from everywhere, and every proof holds.
func (c *campaign) withhold() {
	t := c.t
	t.Helper()
	disclosure := c.disclosure("Amina Saleh") // name and salt, as they are stored
	if _, found := holds(t, c.s.data, disclosure); !found {
		t.Fatal("the folder does not hold the name to begin with: the test would prove nothing")
	}
	said := c.sign(0, "office", "withhold", "river", "--entry", "Amina Saleh", "--yes")
	if _, still := holds(t, c.s.data, disclosure); !still {
		t.Error("one of two signatures was enough to withhold a name")
	}
	c.cosign("fourth", recordOf(t, said))
	if said := c.sign(1, "office", "withhold", "river", "--entry", "5", "--yes"); !strings.Contains(said, "withheld already") {
		t.Error(said)
	}
	if where, found := holds(t, c.s.data, "Amina Saleh", "librarian of Oued Zarg", disclosure, disclosure[20:60]); found {
		t.Errorf("after it was withheld, %s holds the name or its salt", where)
	}
	if out := c.run(0, c.at("endorsements", "river")...); strings.Contains(out, "Amina") || !strings.Contains(out, "withheld at the signatory's wish") {
		t.Error(out)
	}
	res, err := http.Get(c.s.url + "/p/river")
	check(t, err)
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	check(t, err)
	if strings.Contains(string(page), "Amina") {
		t.Error("the page names her still")
	}
}

// page: a verdict in a browser says how each is known, in every language, with the day on
// which one withdrew.
func (c *campaign) page(p *person, text string) {
	c.t.Helper()
	year := time.Now().UTC().Format("2006")
	for path, want := range map[string][]string{
		"/":   {"1 no longer stands by the text", "Delta Watch · withdrew on ", year},
		"/fr": {"1 ne soutient plus le texte", "Delta Watch · s’est retiré le "},
		"/ar": {"واحد لم يعد يؤيد النص", "انسحب في "},
	} {
		_, said := p.paste(path, text)
		for _, w := range want {
			if !strings.Contains(said, w) {
				c.t.Errorf("%s lacks %q:\n%s", path, w, said)
			}
		}
	}
}

// nowhere is the network of a machine that has none.
type nowhere struct{}

func (nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, errors.New("no network: " + r.URL.String())
}

// fromTheFolder: somebody whose trust file was compared out of band is given a folder, and
// nothing else: no network, and no memory of the service.
func (c *campaign) fromTheFolder(text string) {
	t := c.t
	t.Helper()
	c.run(0, c.at("export", "--publication", "river", "--out", c.file("evidence"))...)
	c.run(0, "mirror", c.s.url, c.file("mirror"), "--trust", c.trust)
	away := *c
	away.home = t.TempDir()
	away.env, away.http, away.trust = map[string]string{"HOME": away.home}, &http.Client{Transport: nowhere{}}, away.file("trust.json")
	for _, name := range []string{"evidence", "mirror"} {
		check(t, os.CopyFS(away.file(name), os.DirFS(c.file(name))))
	}
	b, err := os.ReadFile(c.trust)
	check(t, err)
	check(t, os.WriteFile(away.trust, b, 0o600))
	check(t, os.WriteFile(away.file("copy.txt"), []byte(text), 0o600))

	// Two signed, by key and passkey, and one withdrew; the rest is what the service saw.
	const said = "3 statements by signatories, verified; 7 observations by localhost, which says that it saw them"
	for folder, words := range map[string]string{"evidence": "✓ clean, as far as it could be checked: ", "mirror": "✓ clean: "} {
		if got := away.run(0, "audit", away.file(folder), "--trust", away.trust); !strings.HasPrefix(got, words) || !strings.Contains(got, said) {
			t.Errorf("audit of the %s: %s", folder, got)
		}
	}
	if got := away.known("2", "--offline", away.file("evidence")); got != "withdrawn listed listed confirmed-mail " {
		t.Errorf("from the folder: %s", got)
	}
	got := away.run(0, "verify", "--offline", away.file("evidence"), "--trust", away.trust, away.file("copy.txt"))
	for _, want := range []string{
		"✓ identical: the copy is, byte for byte, the published text of version 1\n", "superseded: the latest version is 2", "trust: pinned",
		"(4 names listed, 1 withheld, 1 signed with their own key, 1 confirmed by mail, 1 confirmed by their domain, 1 WITHDRAWN)\n",
		"signed: “\u2068River School\u2069”\n", "confirmed by mail: “\u2068Women of the Port\u2069”\n", "confirmed by domain: “\u2068Salt Union\u2069”\n", "WITHDRAWN: “\u2068Delta Watch\u2069” on 20",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the verdict lacks %q:\n%s", want, got)
		}
	}
	out := away.run(0, "endorsements", "river", "--offline", away.file("evidence"), "--version", "1", "--trust", away.trust)
	for _, want := range []string{"withdrawal, 20", "signed with its passkey, version 1, 20", "its domain said so, version 1, 20", "it says so no more", "a mail of its domain said so, version 1, 20", "one name, withheld at the signatory's wish"} {
		if !strings.Contains(out, want) {
			t.Errorf("the standings lack %q:\n%s", want, out)
		}
	}
}
