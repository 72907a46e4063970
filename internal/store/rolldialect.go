package store

import (
	"strings"

	"github.com/sijil/sijil/internal/roll"
)

// rollDialect is what the two databases do differently with the rows of rolls.
type rollDialect interface {
	// insert adds rows, with the words of their names.
	insert(t *tx, rows []rollRow) error
	// forget deletes the words of names, by the ids of their rows, where they are beside
	// them.
	forget(t *tx, names map[int64]string) error
	// without is a part of a statement that takes the words out of a row, where they are
	// in it.
	without() string
	// find narrows a query of rows, e, to names with all of these words, the last one a
	// beginning if so; after and upTo bound the ids.
	find(words []string, beginning bool, after, upTo int64) search
}

// search is a part of a query.
type search struct {
	from, where, order string
	args               []any
}

// rollRow is a row as it is stored; nil for NULL.
type rollRow struct {
	id, roll, version, batch, known int64
	country                         string
	tag                             int64
	commitment, evidence            []byte
	disclosure                      string
	claim                           *string
	keyTag                          *int64
	domain                          *string
	name                            string // folded
}

// rollsOnSQLite keeps the words in a full-text index beside the rows.
type rollsOnSQLite struct{}

func (rollsOnSQLite) insert(t *tx, rows []rollRow) error {
	for _, r := range rows {
		_, err := t.exec(`INSERT INTO endorser (id, roll, version, batch, known, country, tag, commitment, evidence, disclosure, claim, key_tag, domain) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.id, r.roll, r.version, r.batch, r.known, r.country, r.tag, r.commitment, r.evidence, r.disclosure, r.claim, r.keyTag, r.domain)
		if err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO endorser_name (rowid, name) VALUES (?, ?)`, r.id, r.name); err != nil {
			return err
		}
	}
	return nil
}

func (rollsOnSQLite) forget(t *tx, names map[int64]string) error {
	for id, name := range names {
		if _, err := t.exec(`INSERT INTO endorser_name (endorser_name, rowid, name) VALUES ('delete', ?, ?)`, id, roll.Fold(name)); err != nil {
			return err
		}
	}
	return nil
}

func (rollsOnSQLite) without() string { return `` }

// find: folded words are letters and digits alone, and stand in quotes. The index is read
// first, and only as far as a page needs.
func (rollsOnSQLite) find(words []string, beginning bool, after, upTo int64) search {
	match := `"` + strings.Join(words, `" AND "`) + `"`
	if beginning {
		match += "*"
	}
	return search{`endorser_name n CROSS JOIN endorser e ON e.id = n.rowid`, `n.endorser_name MATCH ? AND n.rowid > ? AND n.rowid <= ?`, `n.rowid`, []any{match, after, upTo}}
}
