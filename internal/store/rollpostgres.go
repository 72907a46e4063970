package store

import (
	"strings"
	"unicode/utf8"
)

// rollsOnPostgres keeps the words in the rows.
type rollsOnPostgres struct{}

// insertAtOnce bounds how many rows are sent in one statement.
const insertAtOnce = 1000

func (rollsOnPostgres) insert(t *tx, rows []rollRow) error {
	for len(rows) > 0 {
		some := rows[:min(len(rows), insertAtOnce)]
		rows = rows[len(some):]
		_, err := t.exec(`INSERT INTO endorser (id, roll, version, batch, known, country, tag, commitment, evidence, disclosure, claim, key_tag, domain, words)
			SELECT id, roll, version, batch, known, country, tag, commitment, evidence, disclosure, claim, key_tag, domain, array_to_tsvector(string_to_array(name, ' '))
			FROM unnest(CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS TEXT[]), CAST(? AS BIGINT[]),
				CAST(? AS BYTEA[]), CAST(? AS BYTEA[]), CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS BIGINT[]), CAST(? AS TEXT[]), CAST(? AS TEXT[]))
				AS x(id, roll, version, batch, known, country, tag, commitment, evidence, disclosure, claim, key_tag, domain, name)`,
			column(some, func(r rollRow) int64 { return r.id }), column(some, func(r rollRow) int64 { return r.roll }), column(some, func(r rollRow) int64 { return r.version }),
			column(some, func(r rollRow) int64 { return r.batch }), column(some, func(r rollRow) int64 { return r.known }), column(some, func(r rollRow) string { return r.country }),
			column(some, func(r rollRow) int64 { return r.tag }), column(some, func(r rollRow) []byte { return r.commitment }), column(some, func(r rollRow) []byte { return r.evidence }),
			column(some, func(r rollRow) string { return r.disclosure }), column(some, func(r rollRow) *string { return r.claim }), column(some, func(r rollRow) *int64 { return r.keyTag }),
			column(some, func(r rollRow) *string { return r.domain }), column(some, func(r rollRow) string { return strings.Join(lexemes(strings.Fields(r.name)), " ") }))
		if err != nil {
			return err
		}
	}
	return nil
}

func column[T any](rows []rollRow, of func(rollRow) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = of(r)
	}
	return out
}

func (rollsOnPostgres) forget(t *tx, names map[int64]string) error {
	ids := make([]int64, 0, len(names))
	for id := range names {
		ids = append(ids, id)
	}
	_, err := t.exec(`UPDATE endorser SET words = NULL WHERE id IN (SELECT value FROM `+t.d.numbers+` x)`, jsonOf(ids))
	return err
}

// find writes the query as PostgreSQL keeps it: nothing parses the words again.
func (rollsOnPostgres) find(words []string, beginning bool, _, _ int64) search {
	query := `'` + strings.Join(lexemes(words), `' & '`) + `'`
	if beginning {
		query += ":*"
	}
	return search{`endorser e`, `e.words @@ CAST(? AS TSQUERY)`, `e.id`, []any{query}}
}

// maxLexeme bounds a word in bytes: PostgreSQL's own limit is 2,046.
const maxLexeme = 2000

// lexemes cuts off what is too long of words. A name of 500 characters can be one.
func lexemes(words []string) []string {
	for i, w := range words {
		if len(w) <= maxLexeme {
			continue
		}
		end := maxLexeme
		for !utf8.RuneStart(w[end]) {
			end--
		}
		words[i] = w[:end]
	}
	return words
}
