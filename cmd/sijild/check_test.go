package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/remote"
)

// TestCheckLooseRows: rows that nothing signed leads to are found, and those that are gone.
func TestCheckLooseRows(t *testing.T) {
	e := newEnrolled(t, 1)
	claimed, err := e.endorse(e.signers[0], 0, 0).Marshal()
	check(t, err)
	_, err = remote.New(e.url, e.s.http).Claim(t.Context(), "river", claimed, e.signers[0].Public().SPKI(), "")
	check(t, err)
	for want, change := range map[string]string{
		"":                                   `SELECT 1`,
		`there is none called "obserfers"`:   `UPDATE setting SET name = 'obserfers' WHERE name = 'observers'`,
		"is not among those that the door":   `UPDATE publisher_key SET key = zeroblob(32)`,
		"its row has another key's digest":   `UPDATE aside SET key = zeroblob(32) WHERE enrols IS NULL`,
		"or an index below 0":                `UPDATE aside SET log_index = -5 WHERE enrols IS NULL`,
		"there is no entry 9223372036854775": `UPDATE aside SET log_index = 9223372036854775807 WHERE enrols IS NULL`,
		"is about a publication that is not": `PRAGMA foreign_keys = 0; UPDATE aside SET genesis = zeroblob(32) WHERE enrols IS NULL`,
	} {
		copied := filepath.Join(t.TempDir(), "copy")
		_, err := backup(t.Context(), backupOptions{data: e.s.data, out: copied, keys: true})
		check(t, err)
		db, err := sql.Open("sqlite", filepath.Join(copied, rowsFile))
		check(t, err)
		_, err = db.ExecContext(t.Context(), change)
		check(t, err)
		check(t, db.Close())
		found, err := checkData(t.Context(), serveOptions{data: copied})
		check(t, err)
		if all := strings.Join(found, "\n"); (all == "") != (want == "") || !strings.Contains(all, want) {
			t.Errorf("%s: found %q, want %q", change, all, want)
		}
	}
}
