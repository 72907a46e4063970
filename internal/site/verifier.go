package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/web"
)

// verifier is the portable verifier: one file that holds rules, log key and witness
// policy, for a reader to keep or to host elsewhere. Its bytes depend on this program and
// on the trust file alone, so that its digest can be published (urn:sijil:release:v1).
func (v *visit) verifier() (document, error) {
	if v.log == nil || v.base == unknownBase {
		return document{}, publish.ErrUnknown
	}
	body, err := verifierOf(v.base, v.log.Policy().String())
	return document{contentType: "text/html; charset=utf-8", body: body, name: "verifier.html", shared: true}, err
}

func verifierOf(base, policy string) ([]byte, error) {
	static := web.Static()
	style, err := static.ReadFile("static/style.css")
	if err != nil {
		return nil, err
	}
	script, err := static.ReadFile("static/verifier.js")
	if err != nil {
		return nil, err
	}
	page, err := web.Verifier().ReadFile("verifier/verifier.html")
	if err != nil {
		return nil, err
	}
	// json.Marshal escapes <, > and &: no value ends the element that it stands in.
	data, err := json.Marshal(map[string]any{"base": base, "trust": map[string]string{"policy": policy}})
	if err != nil {
		return nil, err
	}
	// In an inline script these would end it, or change how its end is found. They stand in
	// strings and expressions, where the escape says the same.
	for _, mark := range []string{"!--", "script", "/script"} {
		script = bytes.ReplaceAll(script, []byte("<"+mark), []byte(`\x3C`+mark))
	}
	if bytes.Contains(style, []byte("</")) {
		return nil, errors.New("the style of the verifier would end its element")
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	policyHeader := fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; connect-src %s://%s; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types sijil-inert",
		sourceHash(script), sourceHash(style), u.Scheme, u.Host)
	return []byte(strings.NewReplacer("POLICY", policyHeader, "STYLE", string(style), "DATA", string(data), "SCRIPT", string(script)).Replace(string(page))), nil
}

// sourceHash names an inline script or style in a Content-Security-Policy.
func sourceHash(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
