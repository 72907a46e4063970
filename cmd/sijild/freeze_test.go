package main

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// TestAPIFrozen: a frozen log says so, signed, gives the first bundle for a
// record that it has, and refuses every other.
func TestAPIFrozen(t *testing.T) {
	o := serveOptions{data: filepath.Join(t.TempDir(), "data"), noLimits: true, door: publish.DoorOpen}
	key, err := initialise(t.Context(), initOptions{data: o.data, url: "http://localhost"})
	check(t, err)
	var p *publication
	var first submission
	t.Run("before", func(t *testing.T) {
		c := callerFor(t, serveData(t, o, key, slog.DiscardHandler))
		p = newPublication(t, key, "river")
		expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
		first = p.next(t, logtest.River()[0])
		expect(t, "version 1", c.submit("river", first), 201, "")
		p.accepted(t, first)
		expect(t, "frozen", c.get("/frozen"), 404, "not-found")
	})
	_, err = freeze(t.Context(), freezeOptions{serveOptions: o, confirm: "localhost", successor: "https://next.example"}, slog.New(slog.DiscardHandler))
	check(t, err)
	c := callerFor(t, serveData(t, o, key, slog.DiscardHandler))
	a := c.get("/frozen")
	expect(t, "frozen", a, 200, "")
	v, err := log.OpenFreeze(a.body, keys.NewPolicy(key))
	check(t, err)
	if f := v.Freeze(); f.Size != 2 || f.Successor != "https://next.example" {
		t.Errorf("%+v", f)
	}
	expect(t, "the identical record", c.submit("river", first), 200, "")
	expect(t, "another record", c.submit("river", p.next(t, logtest.River()[1])), 410, "frozen")
	expect(t, "another publication", c.create(c.token("meadow"), encode(t, newPublication(t, key, "meadow").genesis)), 410, "frozen")
	expect(t, "an entry at the door", c.knock(newGuest(t).request("x")), 410, "frozen")
	expect(t, "reading", c.get("/api/v1/publications/river"), 200, "")
}

func callerFor(t *testing.T, s *running) *caller {
	t.Helper()
	c := newContract(t, s)
	return &caller{running: s, t: t, contract: c, http: &http.Client{Transport: c}}
}
