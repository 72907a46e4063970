package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// A copy holds the state of the moment in which it was opened, whatever is written
// while it is made; a writer waits while the database is paused, and no longer.
func TestCopy(t *testing.T) {
	dir := t.TempDir()
	if err := Create(dir); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put := func(name string) error { return s.ReplaceSetting(t.Context(), name, name) }
	for i := range 500 {
		if err := put(fmt.Sprintf("before-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	resume, err := Pause(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan error, 1)
	go func() { waits <- put("during") }()
	snapshot, err := OpenSnapshot(t.Context(), filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-waits:
		t.Fatalf("a writer does not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	if err := s.DropSettings(t.Context(), "before-7", "never-there"); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if err := snapshot.CopyTo(t.Context(), filepath.Join(to, file)); err != nil {
		t.Fatal(err)
	}
	if err := snapshot.CopyTo(t.Context(), filepath.Join(to, file)); err == nil {
		t.Error("a file was overwritten")
	}
	if err := snapshot.Close(); err != nil {
		t.Fatal(err)
	}
	found, err := Integrity(t.Context(), filepath.Join(to, file))
	if err != nil || len(found) > 0 {
		t.Errorf("the copy: %v, %v", found, err)
	}
	c, err := Open(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, want := range map[string]bool{"before-0": true, "before-7": true, "before-499": true, "during": false} {
		if _, err := c.Setting(t.Context(), name); (err == nil) != want || err != nil && !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v, want it there: %v", name, err, want)
		}
	}
	if _, err := Pause(t.Context(), t.TempDir()); !errors.Is(err, ErrNotFound) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := OpenSnapshot(t.Context(), filepath.Join(t.TempDir(), file)); err == nil {
		t.Error("a snapshot of nothing")
	}
}
