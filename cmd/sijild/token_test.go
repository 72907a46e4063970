package main

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestTokens: an operator sees what became of each token, without any secret, and can take
// one back that was not used, while the service runs.
func TestTokens(t *testing.T) {
	c := newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	list := func() map[string]string { // name and state, by slug
		var out bytes.Buffer
		check(t, listTokens(t.Context(), c.data, time.Now().Add(2*time.Minute), &out))
		by := map[string]string{}
		for l := range strings.Lines(out.String()) {
			m := regexp.MustCompile(`^([0-9a-f]{16})  (\S+) +(.*) 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ(.*)\n$`).FindStringSubmatch(l)
			if m == nil {
				t.Fatalf("line %q", l)
			}
			by[m[2]], by[m[2]+"'s"] = m[1], m[3]+m[4]
		}
		return by
	}
	river, lake := c.token("river"), c.token("lake")
	_, err := newTokenFor(t.Context(), tokenOptions{data: c.data, slug: "delta", expires: time.Minute})
	check(t, err)
	expect(t, "create", c.create(river, encode(t, newPublication(t, c.key, "river").genesis)), 201, "")
	got := list()
	const similar = ", for a slug that may look like another"
	if len(got) != 6 || got["delta's"] != "expired" || got["lake's"] != "can be used until"+similar || got["river's"] != "was used; would have expired"+similar {
		t.Errorf("%v", got)
	}
	for name, want := range map[string]string{"0123456789abcdef": "sijild token list", lake: "sijild token list", got["river"]: "was used", got["lake"]: ""} {
		slug, err := revokeToken(t.Context(), c.data, name)
		switch {
		case want == "" && (err != nil || slug != "lake"):
			t.Errorf("%s: %q %v", name, slug, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v", name, err)
		}
	}
	expect(t, "with a revoked token", c.create(lake, encode(t, newPublication(t, c.key, "lake").genesis)), 403, "token")
	if got := list(); got["lake"] != "" || got["river"] == "" {
		t.Errorf("%v", got)
	}
}
