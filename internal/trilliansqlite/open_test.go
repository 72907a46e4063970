package trilliansqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/trillian/storage/testonly"

	"github.com/sijil/sijil/internal/trilliansqlite"
)

func TestOpenWithoutDatabase(t *testing.T) {
	dir := t.TempDir()
	if _, err := trilliansqlite.Open(dir, trilliansqlite.Options{}); !errors.Is(err, trilliansqlite.ErrNotFound) {
		t.Errorf("Open = %v, want ErrNotFound", err)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("Open left %q", got)
	}
	if _, err := trilliansqlite.Create(filepath.Join(dir, "none"), trilliansqlite.Options{}); err == nil {
		t.Error("Create in a missing folder succeeded")
	}
}

func TestOneProcess(t *testing.T) {
	dir := t.TempDir()
	s, err := trilliansqlite.Create(dir, trilliansqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(string, trilliansqlite.Options) (*trilliansqlite.Storage, error){
		"Open": trilliansqlite.Open, "Create": trilliansqlite.Create,
	} {
		if _, err := f(dir, trilliansqlite.Options{}); !errors.Is(err, trilliansqlite.ErrInUse) {
			t.Errorf("%s while open = %v, want ErrInUse", name, err)
		}
	}
	mustClose(t, s)
	if err := s.Close(); !errors.Is(err, trilliansqlite.ErrClosed) {
		t.Errorf("second Close = %v, want ErrClosed", err)
	}
	if _, err := trilliansqlite.Create(dir, trilliansqlite.Options{}); !errors.Is(err, trilliansqlite.ErrExists) {
		t.Errorf("Create over a database = %v, want ErrExists", err)
	}
	mustClose(t, opened(t)(trilliansqlite.Open(dir, trilliansqlite.Options{})))
	// Closing folds the write-ahead log away: the folder can be copied as it is.
	if diff := cmp.Diff([]string{"trillian.lock", "trillian.sqlite"}, files(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(dir, "trillian.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("database mode %o, want 600", got)
	}
}

// opened is closing without the close: the test closes the storage itself.
func opened(t testing.TB) func(*trilliansqlite.Storage, error) *trilliansqlite.Storage {
	return func(s *trilliansqlite.Storage, err error) *trilliansqlite.Storage {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestCreateAfterACrashInCreate(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"trillian.sqlite.new", "trillian.sqlite.new-wal", "trillian.lock"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := trilliansqlite.Open(dir, trilliansqlite.Options{}); !errors.Is(err, trilliansqlite.ErrNotFound) {
		t.Errorf("Open = %v, want ErrNotFound", err)
	}
	s := closing(t)(trilliansqlite.Create(dir, trilliansqlite.Options{}))
	newTree(t, s, testonly.LogTree)
	for _, name := range files(t, dir) {
		if strings.Contains(name, ".new") {
			t.Errorf("%s is left", name)
		}
	}
}

func TestOpenRefusesWhatIsNotOurs(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  string
	}{
		{"empty file", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, "trillian.sqlite"), 0); err != nil {
				t.Fatal(err)
			}
		}, "wrong application id"},
		{"another file", func(t *testing.T, dir string) {
			b := []byte(strings.Repeat("not a database\n", 1000))
			if err := os.WriteFile(filepath.Join(dir, "trillian.sqlite"), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not a database"},
		{"another program's database", func(t *testing.T, dir string) {
			damage(t, dir, "PRAGMA application_id = 7")
		}, "wrong application id"},
		{"a later layout", func(t *testing.T, dir string) {
			damage(t, dir, "PRAGMA user_version = 2")
		}, "layout version 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			mustClose(t, opened(t)(trilliansqlite.Create(dir, trilliansqlite.Options{})))
			test.spoil(t, dir)
			_, err := trilliansqlite.Open(dir, trilliansqlite.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Open = %v, want an error with %q", err, test.want)
			}
		})
	}
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
