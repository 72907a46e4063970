package store

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// rollsOnPostgres keeps the words in the rows.
type rollsOnPostgres struct{}

func (rollsOnPostgres) insert(t *tx, rows []rollRow) error {
	for some := range slices.Chunk(rows, rowsAtOnce) {
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

func (rollsOnPostgres) forget(*tx, map[int64]string) error { return nil }

func (rollsOnPostgres) without() string { return `, words = NULL` }

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
