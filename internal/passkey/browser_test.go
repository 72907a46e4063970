package passkey_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/passkey"
	"github.com/sijil/sijil/internal/passkey/passkeytest"
	"github.com/sijil/sijil/keys"
)

// Chromium makes a passkey on a page of localhost and signs with it.
func TestChromium(t *testing.T) {
	address, err := url.Parse(browsertest.Blank(t))
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://localhost:" + address.Port()
	site := passkey.Site{ID: "localhost", Origins: []string{origin}}
	page := browsertest.Open(t)
	var created, asserted string
	device := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	})
	browsertest.Run(t, page,
		chromedp.Navigate(origin), webauthn.Enable(),
		chromedp.ActionFunc(func(ctx context.Context) error { _, err := device.Do(ctx); return err }),
		chromedp.Evaluate(fmt.Sprintf(`(async () => JSON.stringify(await navigator.credentials.create({publicKey: {
			challenge: Uint8Array.fromBase64(%q, {alphabet: "base64url"}), rp: {id: "localhost", name: "Sijil"},
			user: {id: new Uint8Array([1]), name: "signatory", displayName: "signatory"}, attestation: "none",
			pubKeyCredParams: [{type: "public-key", alg: -7}], authenticatorSelection: {residentKey: "required", userVerification: "required"},
		}})))()`, passkeytest.B64(challenge)), &created, browsertest.Await),
		chromedp.Evaluate(fmt.Sprintf(`(async () => JSON.stringify(await navigator.credentials.get({publicKey: {
			challenge: Uint8Array.fromBase64(%q, {alphabet: "base64url"}), rpId: "localhost", userVerification: "required",
		}})))()`, passkeytest.B64(statement)), &asserted, browsertest.Await))
	c, err := passkey.Register(site, challenge, []byte(created))
	if err != nil {
		t.Fatalf("%v in %s", err, created)
	}
	public, err := keys.ParsePublicKey(c.Key())
	if err != nil {
		t.Fatal(err)
	}
	a, err := passkey.Verify(site, public.ECDSA(), statement, []byte(asserted))
	if err != nil {
		t.Fatalf("%v in %s", err, asserted)
	}
	if _, err := passkey.Again(site, public.ECDSA(), statement, a.AuthenticatorData(), a.ClientDataJSON(), a.Signature()); err != nil {
		t.Error(err)
	}
	if _, err := passkey.Verify(here, public.ECDSA(), statement, []byte(asserted)); err == nil {
		t.Error("another site accepts it")
	}
}
