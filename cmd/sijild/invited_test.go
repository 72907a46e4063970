package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// invite invites everybody, and returns the links by name.
func (c *campaign) invite(file string) map[string]string {
	c.t.Helper()
	c.sign(0, "office", "invite", "river", "--out", c.file(file))
	b, err := os.ReadFile(c.file(file))
	check(c.t, err)
	links := map[string]string{}
	for row := range strings.Lines(string(b)) {
		if f := strings.Split(strings.TrimSpace(row), ","); len(f) == 4 {
			links[f[1]] = f[3]
		}
	}
	return links
}

// speak brings the signatories into every state: two ways, one way, no more, denied; a
// key that nobody has confirmed; a name withheld; and a version that waits for signatures.
func (c *campaign) speak(links map[string]string) {
	c.t.Helper()
	at := func(args ...string) []string { return append(args, "--server", c.s.url, "--trust", c.trust) }
	c.run(0, "keygen", "--out", c.file("delta"), "--passphrase-env", "PASSPHRASE")
	key := lineOf(c.t, c.sign(0, "delta", "endorse", "river", "--entry", "Delta Watch", "--language", "en", "--yes", "--invitation", links["Delta Watch"]), "key")
	c.web.put("delta-watch.example", key+"\n")
	c.run(0, at("confirm", "river", "--entry", "1")...)
	delta := c.newDomainKey("delta-watch.example")
	line := c.code("Delta Watch", "endorsement")
	if code := c.send(delta.letter(c.t, "board@delta-watch.example", line, line)); code != 0 {
		c.t.Fatalf("a mail: %d", code)
	}
	c.web.put("river-school.example", lineOf(c.t, c.run(0, at("confirm", "river", "--entry", "2")...), "endorsement"))
	c.run(0, at("confirm", "river", "--entry", "2")...)
	c.web.put("port-women.example", strings.Replace(lineOf(c.t, c.run(0, at("confirm", "river", "--entry", "4")...), "endorsement"), "sijil-endorsement", "sijil-denial", 1))
	c.run(0, at("confirm", "river", "--entry", "4")...)
	c.run(0, "keygen", "--out", c.file("stranger"), "--passphrase-env", "PASSPHRASE")
	c.sign(0, "stranger", "endorse", "river", "--entry", "Salt Union", "--language", "en", "--yes", "--invitation", links["Salt Union"])
	c.sign(0, "office", "withhold", "river", "--entry", "5", "--yes")
}

// TestPasskeyFromLink: somebody opens the link of an invitation in a real browser, signs
// with a passkey, has the domain name its key, and presses the button.
func TestPasskeyFromLink(t *testing.T) {
	c := newCampaign(t)
	link := c.invite("invitations.csv")["River School"]
	if !strings.HasPrefix(link, c.s.url+"/i/") {
		t.Fatalf("the link is %s", link)
	}
	p := newPerson(t, c.s.url)
	device := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	})
	var line, heading, said string
	p.run(webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error { _, err := device.Do(ctx); return err }),
		chromedp.Navigate(link+"?text=fr"), chromedp.Text("article", &said),
		chromedp.Click("[data-step=make] button"), chromedp.WaitVisible("[data-step=sign] button"))
	if !strings.Contains(said, "Nous demandons le partage du fleuve.") {
		t.Errorf("the text that is read is\n%s", said)
	}
	c.want("1", "listed listed listed listed listed") // nothing was sent
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
	c.want("1", "listed signed listed listed listed")
	p.run(chromedp.Navigate(c.s.url+"/p/river"), chromedp.Text("#signatory-2", &said))
	if !strings.Contains(said, "Signed with a passkey on") {
		t.Errorf("the page says: %s", said)
	}
	for _, x := range p.requests() {
		_, address, _ := strings.Cut(x, " ")
		if !strings.HasPrefix(address, c.s.url+"/") && !strings.HasPrefix(address, "data:") {
			t.Errorf("the page asked elsewhere: %s", x)
		}
	}

	// Who is asked and cancels has sent nothing, and can try again.
	other := c.invite("again.csv")["Salt Union"]
	p.run(chromedp.Navigate(other+"?say=denial"), chromedp.Evaluate(`navigator.credentials.create = () => Promise.reject(new DOMException("no", "NotAllowedError"))`, nil),
		chromedp.Click("[data-step=make] button"), chromedp.WaitVisible("[data-said=cancelled]"))
	p.run(chromedp.Navigate(other+"?say=denial"), chromedp.SetValue("#reason", "Nobody asked us."), chromedp.Click("[data-step=make] button"), chromedp.WaitVisible("[data-step=sign] button"),
		chromedp.Click("[data-step=sign] button"), chromedp.WaitVisible("[data-said=done]"), chromedp.Text("[data-said=done] [data-line]", &line))
	c.web.put("salt-union.example", strings.TrimSpace(line)+"\n")
	p.run(chromedp.Click("[data-said=done] form button"), chromedp.WaitVisible(".verdict.same"))
	if got := c.standings("1")["Salt Union"]; got.Known != "denied" || got.Left.Reason != "Nobody asked us." {
		t.Errorf("denied with a passkey: %+v", got)
	}
}
