package store

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// asNobody runs f on a thread that has no rights to files beyond those of an
// ordinary user, even where root runs the tests.
func asNobody(f func() error) error {
	result := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			const nobody = 65534
			syscall.Setfsuid(nobody) // reports no failure; the checks below would show one
		}
		result <- f()
	}()
	return <-result
}

// TestNotWritable: a database that cannot be written is refused at the start,
// with its path, not at the first record.
func TestNotWritable(t *testing.T) {
	folder, database := t.TempDir(), t.TempDir()
	for _, dir := range []string{folder, database} {
		must(t, Create(dir))
	}
	for path, mode := range map[string]os.FileMode{
		filepath.Dir(folder): 0o755, folder: 0o555, database: 0o777,
		filepath.Join(folder, file): 0o666, filepath.Join(database, file): 0o444,
	} {
		must(t, os.Chmod(path, mode))
	}
	for name, dir := range map[string]string{"folder": folder, "database": database} {
		err := asNobody(func() error {
			s, err := Open(context.Background(), dir)
			if err == nil {
				err = s.Close()
				if err == nil {
					return nil
				}
			}
			return err
		})
		if err == nil || !strings.HasPrefix(err.Error(), "store: ") || !strings.Contains(err.Error(), dir) {
			t.Errorf("read-only %s: %v, want an error with its path", name, err)
		}
	}
	if err := asNobody(func() error { return Create(folder) }); err == nil {
		t.Error("created in a folder that cannot be written")
	}
}
