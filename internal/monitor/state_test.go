package monitor

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/flock"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"

	"errors"
)

// states are states as monitors leave them.
func states(t testing.TB) [][]byte {
	t.Helper()
	empty, err := newState().Marshal()
	check(t, err)
	s := newState()
	key := log.Sum([]byte("a log"))
	f := newFollowed()
	f.Begun, f.Whole, f.Down, f.Checkpoint = true, "2026-01-02T03:04:05.000000006Z", "2026-01-02T03:04:06Z", "a note\n"
	f.Heads[log.Sum([]byte("genesis")).String()] = "another\n"
	p := newSeen(log.Sum([]byte("genesis")), false)
	p.Records, p.Last, p.Asides, p.Watched["valley radio"] = 2, log.Sum([]byte("last")), []int64{3, 9, 1 << 40}, 2
	p.Proposals = []string{log.Sum([]byte("waits")).String()}
	f.Publications[slug] = p
	f.Findings["text river 2 a"] = OpenFinding{ID: "sha256:1", Since: "2026-01-02T03:04:05Z", Rule: "text", Publication: slug, Path: "a", Index: 2}
	f.Misbehaviour = append(f.Misbehaviour, "sha256:2")
	s.Services[key.String()] = f
	index := int64(3)
	s.Outbox = append(s.Outbox, Waiting{Event{ID: "sha256:3", Type: Version, At: "2026-01-02T03:04:05Z", LogKey: key, LogIndex: &index, Title: map[string]string{"ar": "إعلان"}, Summary: "a"}, []string{"stdout", "mail-1"}})
	full, err := s.Marshal()
	check(t, err)
	return [][]byte{empty, full}
}

// FuzzParseState: what parses re-encodes.
func FuzzParseState(f *testing.F) {
	for _, b := range states(f) {
		if _, err := ParseState(b); err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseState(b)
		if err != nil {
			return
		}
		again, err := s.Marshal()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("parsed %q, encodes as %q (%v)", b, again, err)
		}
		for _, w := range s.Services {
			if c, err := w.clone(); err != nil || c.check() != nil {
				t.Fatalf("a clone of what parsed: %v", err)
			}
		}
	})
}

func TestParseStateRefuses(t *testing.T) {
	full := string(states(t)[1])
	for name, change := range map[string][2]string{
		"another format": {"state/1", "state/2"},
		"a null":         {`"asides":[3,9,1099511627776]`, `"asides":null`},
		"no order":       {`"asides":[3,9,`, `"asides":[9,3,`},
		"twice":          {`"asides":[3,9,`, `"asides":[3,3,`},
		"no last record": {`"records":2`, `"records":0`},
		"negative":       {`"records":2`, `"records":-2`},
		"no slug":        {`"river":`, `"River":`},
		"no time":        {`"2026-01-02T03:04:06Z"`, `"yesterday"`},
		"no event ID":    {`"id":"sha256:3"`, `"id":""`},
		"no type":        {`"type":"version"`, `"type":"versions"`},
		"for nobody":     {`["stdout","mail-1"]`, `[]`},
		"another member": {`"format":`, `"extra":1,"format":`},
		"white space":    {`"outbox":[`, `"outbox": [`},
	} {
		bad := strings.Replace(full, change[0], change[1], 1)
		if bad == full {
			t.Fatalf("%s: the state does not hold %s", name, change[0])
		}
		if _, err := ParseState([]byte(bad)); err == nil {
			t.Errorf("%s: passed", name)
		}
	}
}

// TestFolder: the folder is one monitor's, and what is kept in it comes back.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	f, err := OpenFolder(dir)
	check(t, err)
	if _, err := OpenFolder(dir); !errors.Is(err, flock.ErrLocked) {
		t.Errorf("a second monitor: %v", err)
	}
	if b, err := f.Load(); b != nil || err != nil {
		t.Errorf("an empty folder: %q, %v", b, err)
	}
	key := logtest.New(t, "https://sijil.example/").Key.ID()
	check(t, f.Save([]byte("state")))
	check(t, f.SaveAudit(key, []byte("audit")))
	path, err := f.SaveProof("misbehaviour-1.json", []byte("proof"))
	check(t, err)
	for _, bad := range []string{"../a", ".hidden", "a/b", ""} {
		if _, err := f.SaveProof(bad, nil); err == nil {
			t.Errorf("a proof was written to %q", bad)
		}
	}
	check(t, f.Close())
	f, err = OpenFolder(dir)
	check(t, err)
	defer f.Close()
	state, err := f.Load()
	check(t, err)
	audit, err := f.LoadAudit(key)
	check(t, err)
	if string(state) != "state" || string(audit) != "audit" || !strings.HasPrefix(path, f.Path()) {
		t.Errorf("%q %q %q", state, audit, path)
	}
}
