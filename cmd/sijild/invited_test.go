package main

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	c.run(0, "keygen", "--out", c.file("delta"), "--passphrase-env", "PASSPHRASE")
	key := lineOf(c.t, c.sign(0, "delta", "endorse", "river", "--entry", "Delta Watch", "--language", "en", "--yes", "--invitation", links["Delta Watch"]), "key")
	c.web.put("delta-watch.example", key+"\n")
	c.run(0, c.at("confirm", "river", "--entry", "1")...)
	delta := c.newDomainKey("delta-watch.example")
	line := c.code("Delta Watch", "endorsement")
	if code := c.send(delta.letter(c.t, "board@delta-watch.example", line, line)); code != 0 {
		c.t.Fatalf("a mail: %d", code)
	}
	c.web.put("river-school.example", lineOf(c.t, c.run(0, c.at("confirm", "river", "--entry", "2")...), "endorsement"))
	c.run(0, c.at("confirm", "river", "--entry", "2")...)
	c.web.put("port-women.example", strings.Replace(lineOf(c.t, c.run(0, c.at("confirm", "river", "--entry", "4")...), "endorsement"), "sijil-endorsement", "sijil-denial", 1))
	c.run(0, c.at("confirm", "river", "--entry", "4")...)
	c.run(0, "keygen", "--out", c.file("stranger"), "--passphrase-env", "PASSPHRASE")
	c.sign(0, "stranger", "endorse", "river", "--entry", "Salt Union", "--language", "en", "--yes", "--invitation", links["Salt Union"])
	c.sign(0, "office", "withhold", "river", "--entry", "5", "--yes")
}

// hasPasskeys gives the browser an authenticator that always agrees.
func (p *person) hasPasskeys() {
	p.t.Helper()
	device := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	})
	p.run(webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error { _, err := device.Do(ctx); return err }))
}

// TestDeniesInBrowser: who is asked and cancels has sent nothing, and can try again. What a
// passkey then denies is said by every verdict, in every language.
func TestDeniesInBrowser(t *testing.T) {
	c := newCampaign(t)
	link := c.invite("invitations.csv")["Salt Union"]
	p := newPerson(t, c.s.url)
	p.hasPasskeys()
	var line string
	p.run(chromedp.Navigate(link+"?say=denial"), chromedp.Evaluate(`navigator.credentials.create = () => Promise.reject(new DOMException("no", "NotAllowedError"))`, nil),
		chromedp.Click("[data-step=make] button"), chromedp.WaitVisible("[data-said=cancelled]"))
	p.run(chromedp.Navigate(link+"?say=denial"), chromedp.SetValue("#reason", "Nobody asked us."), chromedp.Click("[data-step=make] button"), chromedp.WaitVisible("[data-step=sign] button"),
		chromedp.Click("[data-step=sign] button"), chromedp.WaitVisible("[data-said=done]"), chromedp.Text("[data-said=done] [data-line]", &line))
	c.web.put("salt-union.example", strings.TrimSpace(line)+"\n")
	c.run(0, c.at("confirm", "river", "--entry", "3")...)
	if got := c.standings("1")["Salt Union"]; got.Known != "denied" || got.Left.Reason != "Nobody asked us." {
		t.Errorf("denied with a passkey: %+v", got)
	}
	for path, want := range map[string][]string{
		"/": {"1 says that it never agreed to be listed", "4 are listed by the publisher", "Salt Union · said on "}, "/fr": {"Salt Union · "}, "/ar": {"Salt Union · "},
	} {
		_, said := p.paste(path, c.text["en"])
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s lacks %q:\n%s", path, w, said)
			}
		}
	}
}

// commands are what the page of an invitation says to whoever has a key: with the tool,
// and with cosign.
func (c *campaign) commands(link string) (tool, cosign string) {
	c.t.Helper()
	res, err := http.Get(link)
	check(c.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(c.t, err)
	_, after, _ := strings.Cut(string(b), `id="way-key"`)
	var out []string
	for _, m := range regexp.MustCompile(`(?s)<pre class="command" dir="ltr">(.*?)</pre>`).FindAllStringSubmatch(after, -1) {
		out = append(out, html.UnescapeString(m[1]))
	}
	if len(out) != 2 {
		c.t.Fatalf("%d commands in %s", len(out), after)
	}
	return out[0], out[1]
}

// TestCommandsFromLink: the commands of the page do what it says.
func TestCommandsFromLink(t *testing.T) {
	c := newCampaign(t)
	links := c.invite("invitations.csv")
	tool, _ := c.commands(links["Delta Watch"])
	pins := c.file("theirs.json")
	for _, line := range strings.Split(strings.ReplaceAll(tool, "\\\n", ""), "\n") {
		words := strings.Fields(line)
		if words[0] != "sijil" {
			t.Fatalf("the command is %q", line)
		}
		more := map[string][]string{"trust": {"--out", pins, "--first-use"}, "keygen": {"--passphrase-env", "PASSPHRASE"}, "endorse": {"--trust", pins, "--passphrase-env", "PASSPHRASE", "--yes"}}[words[1]]
		for i, w := range words { // where it is run from
			if w == "ours" || w == "ours.key" {
				words[i] = c.file(w)
			}
		}
		c.run(0, append(words[1:], more...)...)
	}
	if !c.standings("1")["Delta Watch"].Unconfirmed {
		t.Error("nothing came in")
	}
}

// TestCosignFromLink: so do those for cosign.
func TestCosignFromLink(t *testing.T) {
	bin := os.Getenv("SIJIL_COSIGN")
	if bin == "" {
		t.Skip("SIJIL_COSIGN names no cosign: run `make interop`")
	}
	c := newCampaign(t)
	_, script := c.commands(c.invite("invitations.csv")["River School"])
	run := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	run.Dir = t.TempDir()
	run.Env = append(os.Environ(), "PATH="+filepath.Dir(bin)+":"+os.Getenv("PATH"), "COSIGN_PASSWORD=correct horse", "HOME="+run.Dir)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v in\n%s\n%s", err, script, out)
	}
	if !c.standings("1")["River School"].Unconfirmed {
		t.Error("nothing came in")
	}
}

// TestInvitedAreLimited: a page that has a domain looked at counts as such a look.
func TestInvitedAreLimited(t *testing.T) {
	s := newRunning(t, serveOptions{}, slog.DiscardHandler)
	statuses := map[int]int{}
	for i := range 12 {
		res, err := http.Post(s.url+[]string{"", "/fr"}[i%2]+"/i/x/domain", "application/x-www-form-urlencoded", nil)
		check(t, err)
		check(t, res.Body.Close())
		statuses[res.StatusCode]++
	}
	if statuses[http.StatusTooManyRequests] == 0 || statuses[http.StatusForbidden] < 10 {
		t.Errorf("answers: %v", statuses)
	}
}
