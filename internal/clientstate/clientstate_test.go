package clientstate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sijil/sijil/internal/clientstate"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/log"
)

func TestBase(t *testing.T) {
	for _, c := range []struct{ xdg, home, want, says string }{
		{"/state", "/home/me", "/state/sijil", ""},
		{"", "/home/me", "/home/me/.local/state/sijil", ""},
		{"relative", "/home/me", "/home/me/.local/state/sijil", ""}, // the XDG specification: ignore it
		{"", "", "", "neither XDG_STATE_HOME nor HOME is set"},
	} {
		got, err := clientstate.Base(func(name string) string {
			return map[string]string{"XDG_STATE_HOME": c.xdg, "HOME": c.home}[name]
		})
		if got != c.want || (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func open(t *testing.T) *clientstate.Dir {
	t.Helper()
	return clientstate.Open(filepath.Join(t.TempDir(), "sijil"), log.Sum([]byte("log")))
}

func TestMemory(t *testing.T) {
	d := open(t)
	empty, err := d.Load()
	must(t, err)
	if empty.Checkpoint != nil || len(empty.Heads) != 0 {
		t.Errorf("an absent folder remembers %+v", empty)
	}
	if _, err := os.Stat(d.Path()); !os.IsNotExist(err) {
		t.Errorf("reading made a folder: %v", err)
	}
	m := evidence.Memory{Checkpoint: []byte("checkpoint 1"), Heads: map[log.Digest][]byte{log.Sum([]byte("a")): []byte("head a"), log.Sum([]byte("b")): []byte("head b")}}
	must(t, d.Save(m))
	must(t, os.WriteFile(filepath.Join(d.Path(), "heads", ".new-1234"), []byte("half a he"), 0o600)) // an interrupted write
	got, err := d.Load()
	must(t, err)
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("(-saved +loaded):\n%s", diff)
	}
	newer := evidence.Memory{Checkpoint: []byte("checkpoint 2"), Heads: map[log.Digest][]byte{log.Sum([]byte("a")): []byte("newer head a")}}
	must(t, d.Save(newer))
	m.Checkpoint, m.Heads[log.Sum([]byte("a"))] = newer.Checkpoint, []byte("newer head a")
	if got, err = d.Load(); err != nil || cmp.Diff(m, got) != "" {
		t.Errorf("after a second save: %v\n%s", err, cmp.Diff(m, got))
	}
	must(t, d.Save(evidence.Memory{})) // nothing new forgets nothing
	if got, err = d.Load(); err != nil || cmp.Diff(m, got) != "" {
		t.Errorf("after an empty save: %v\n%s", err, cmp.Diff(m, got))
	}
	private(t, d.Path())
}

// private checks that only the owner can read what is there, and that no
// temporary file was left but the one that a test put there.
func private(t *testing.T, dir string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		must(t, err)
		info, err := e.Info()
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if strings.HasPrefix(e.Name(), ".new-") && e.Name() != ".new-1234" {
			t.Errorf("%s was left", path)
		}
		return nil
	}))
}

// TestTwoLogs: what was seen of one log is never held against another.
func TestTwoLogs(t *testing.T) {
	base := t.TempDir()
	a, b := clientstate.Open(base, log.Sum([]byte("a"))), clientstate.Open(base, log.Sum([]byte("b")))
	must(t, a.Save(evidence.Memory{Checkpoint: []byte("of a")}))
	if m, err := b.Load(); err != nil || m.Checkpoint != nil {
		t.Errorf("b remembers %q, %v", m.Checkpoint, err)
	}
	if a.Path() != filepath.Join(base, log.Sum([]byte("a")).Hex()) {
		t.Errorf("path %s", a.Path())
	}
}

func TestDamaged(t *testing.T) {
	d := open(t)
	must(t, d.Save(evidence.Memory{Checkpoint: []byte("x")}))
	must(t, os.WriteFile(filepath.Join(d.Path(), "checkpoint"), make([]byte, 64<<10+1), 0o600))
	if _, err := d.Load(); err == nil || !strings.Contains(err.Error(), "over 65536 bytes") {
		t.Errorf("a huge checkpoint: %v", err)
	}
	must(t, os.Remove(filepath.Join(d.Path(), "checkpoint")))
	must(t, os.Mkdir(filepath.Join(d.Path(), "checkpoint"), 0o700))
	if _, err := d.Load(); err == nil || !strings.HasPrefix(err.Error(), "client state: ") {
		t.Errorf("a folder for a checkpoint: %v", err)
	}
	if err := d.Save(evidence.Memory{Checkpoint: []byte("x")}); err == nil {
		t.Error("saved over a folder")
	}
	private(t, d.Path())
}

func TestProof(t *testing.T) {
	d := open(t)
	at := time.Date(2026, 11, 23, 10, 0, 0, 42, time.FixedZone("", 3600))
	want := &evidence.Misbehaviour{Rule: "fork", Detail: "two trees", Log: "log+1+2", First: "first\n", Second: "second\n"}
	path, err := d.SaveProof(want, at)
	must(t, err)
	if path != filepath.Join(d.Path(), "misbehaviour-20261123T090000.000000042Z.json") {
		t.Errorf("path %s", path)
	}
	b, err := os.ReadFile(path)
	must(t, err)
	var got evidence.Misbehaviour
	must(t, json.Unmarshal(b, &got))
	if diff := cmp.Diff(*want, got); diff != "" {
		t.Error(diff)
	}
	second, err := d.SaveProof(want, at.Add(1))
	if err != nil || second == path {
		t.Errorf("a second proof goes to %s, %v", second, err)
	}
}

func TestFirstUse(t *testing.T) {
	d := open(t)
	state := func(want ...string) {
		t.Helper()
		got, err := d.FirstUse()
		must(t, err)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	state()
	must(t, d.Mark([]string{"sha256:b", "sha256:a"}, false))
	state("sha256:a", "sha256:b")
	must(t, d.Mark([]string{"sha256:a"}, false)) // twice is once
	state("sha256:a", "sha256:b")
	must(t, d.Mark([]string{"sha256:a", "sha256:z"}, true))
	state("sha256:b")
	must(t, d.Mark([]string{"sha256:b"}, true))
	if got, err := d.FirstUse(); err != nil || len(got) != 0 {
		t.Errorf("after all were compared: %v, %v", got, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
