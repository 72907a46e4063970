package trilliansqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/sijil/sijil/internal/trilliansqlite"
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

func TestNotWritable(t *testing.T) {
	folder, database, empty := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{folder, database} {
		mustClose(t, opened(t)(trilliansqlite.Create(dir, trilliansqlite.Options{})))
	}
	for path, mode := range map[string]os.FileMode{
		filepath.Dir(folder): 0o755,
		folder:               0o555,
		empty:                0o555,
		database:             0o777,

		filepath.Join(folder, "trillian.lock"):     0o444,
		filepath.Join(folder, "trillian.sqlite"):   0o444,
		filepath.Join(database, "trillian.lock"):   0o666,
		filepath.Join(database, "trillian.sqlite"): 0o444,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, f := range map[string]func() (*trilliansqlite.Storage, error){
		"Open, folder": func() (*trilliansqlite.Storage, error) { return trilliansqlite.Open(folder, trilliansqlite.Options{}) },
		"Open, database": func() (*trilliansqlite.Storage, error) {
			return trilliansqlite.Open(database, trilliansqlite.Options{})
		},
		"Create": func() (*trilliansqlite.Storage, error) { return trilliansqlite.Create(empty, trilliansqlite.Options{}) },
	} {
		if err := asNobody(func() error { _, err := f(); return err }); !errors.Is(err, trilliansqlite.ErrReadOnly) {
			t.Errorf("%s = %v, want ErrReadOnly", name, err)
		}
	}
}
