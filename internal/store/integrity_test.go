package store

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
)

// TestSameSchema: a definition that is not what it was made with is named, also where it
// only has another type.
func TestSameSchema(t *testing.T) {
	for change, want := range map[string][]string{
		`SELECT 1`: nil,
		`UPDATE sqlite_schema SET sql = replace(sql, 'expires', 'expired') WHERE name = 'mail_code'`: {"table mail_code"},
		`UPDATE sqlite_schema SET sql = CAST(sql AS BLOB) WHERE name = 'mail_code'`:                  {"table mail_code"},
		`DELETE FROM sqlite_schema WHERE name = 'aside_place'`:                                       {"index aside_place"},
	} {
		dir := t.TempDir()
		must(t, Create(dir))
		path := filepath.Join(dir, "sijil.sqlite")
		db, err := sql.Open("sqlite", path)
		must(t, err)
		db.SetMaxOpenConns(1)
		_, err = db.ExecContext(t.Context(), `PRAGMA writable_schema = 1`)
		must(t, err)
		_, err = db.ExecContext(t.Context(), change)
		must(t, err)
		must(t, db.Close())
		got, err := SameSchema(t.Context(), path, Schema())
		must(t, err)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", change, got, want)
		}
	}
}
