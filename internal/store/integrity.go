package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/sijil/sijil/log"
)

// Integrity has SQLite check a database file, ours or another, without changing
// it, and returns what it found in SQLite's own words; nothing for a sound one.
func Integrity(ctx context.Context, path string) (found []string, err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, `PRAGMA integrity_check(100)`)
	if err != nil {
		return []string{err.Error()}, nil // too damaged to be read at all
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if line != "ok" {
			found = append(found, line)
		}
	}
	if err := rows.Err(); err != nil {
		found = append(found, err.Error())
	}
	return found, nil
}

// Schema is what Create makes a database of.
func Schema() string { return schema + rollSchema + sqliteRolls }

// SameSchema compares the tables and indices of a database file, ours or another, with
// those that a schema gives, and returns the names of those that differ.
func SameSchema(ctx context.Context, path, schema string) (differ []string, err error) {
	have, err := readSchema(ctx, "file:"+path+"?mode=ro", "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	want, err := readSchema(ctx, ":memory:", schema)
	if err != nil {
		return nil, err
	}
	for name := range have {
		if _, ok := want[name]; !ok {
			differ = append(differ, name)
		}
	}
	for name, text := range want {
		if have[name] != text {
			differ = append(differ, name)
		}
	}
	slices.Sort(differ)
	return differ, nil
}

// readSchema reads the definitions of a database, by name, after running a script.
func readSchema(ctx context.Context, name, script string) (_ map[string]string, err error) {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // a second connection would be to another memory
	if _, err := db.ExecContext(ctx, script); err != nil {
		return nil, err
	}
	// A flipped bit can make bytes of a text, which reads the same.
	rows, err := db.QueryContext(ctx, `SELECT type || ' ' || name, tbl_name || ' ' || coalesce(sql, '') || ' ' || typeof(type) || typeof(name) || typeof(tbl_name) || typeof(rootpage) || typeof(sql) FROM sqlite_schema`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, rows.Err()
}

// Reserved calls yield for every signature that is stored and whose entry has no
// index yet: the log may hold it already. A start finishes them.
func (s *Store) Reserved(ctx context.Context, yield func(record, key log.Digest)) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var record, key []byte
		if err := rows.Scan(&record, &key); err != nil {
			return err
		}
		var r, k log.Digest
		if copy(r[:], record) != len(r) || copy(k[:], key) != len(k) {
			return errors.New("reserved: a digest is not 32 bytes")
		}
		yield(r, k)
		return nil
	}, `SELECT record, key FROM signature WHERE log_index IS NULL UNION SELECT record, key FROM aside WHERE log_index IS NULL`)
}

// FirstBundles calls yield for every signature that has its place in the log, with the
// bundle as it was submitted, and the one that its publisher was given first, and is given
// again.
func (s *Store) FirstBundles(ctx context.Context, yield func(record, key log.Digest, index int64, submitted, complete []byte)) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var record, key, submitted, complete []byte
		var index int64
		if err := rows.Scan(&record, &key, &index, &submitted, &complete); err != nil {
			return err
		}
		if len(record) != len(log.Digest{}) || len(key) != len(log.Digest{}) {
			return errors.New("first bundles: a digest is not 32 bytes")
		}
		yield(log.Digest(record), log.Digest(key), index, submitted, complete)
		return nil
	}, `SELECT record, key, log_index, bundle, complete FROM signature WHERE log_index IS NOT NULL ORDER BY log_index`)
}
