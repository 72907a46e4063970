package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresSchema is what the tables have in PostgreSQL beside the common schema:
// the tiles, and the numbers by which processes follow each other's writes.
//
// A row that some process keeps in memory carries the number of the write that
// changed it last (see dialect.begin, and Follow).
const postgresSchema = `
CREATE TABLE edition (version BIGINT NOT NULL);

CREATE TABLE change_count (n BIGINT NOT NULL);
INSERT INTO change_count VALUES (0);

CREATE FUNCTION sijil_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed = (SELECT n FROM change_count);
  RETURN NEW;
END $$;

ALTER TABLE publication ADD changed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE aside       ADD changed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE seen        ADD changed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE door_key    ADD changed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE gone_mail   ADD changed BIGINT NOT NULL DEFAULT 0;

CREATE INDEX publication_changed ON publication (changed);
CREATE INDEX aside_changed       ON aside (changed);
CREATE INDEX seen_changed        ON seen (changed);
CREATE INDEX door_key_changed    ON door_key (changed);
CREATE INDEX gone_mail_changed   ON gone_mail (changed);

CREATE TRIGGER number BEFORE INSERT OR UPDATE ON publication FOR EACH ROW EXECUTE FUNCTION sijil_number();
CREATE TRIGGER number BEFORE INSERT OR UPDATE ON aside       FOR EACH ROW EXECUTE FUNCTION sijil_number();
CREATE TRIGGER number BEFORE INSERT OR UPDATE ON seen        FOR EACH ROW EXECUTE FUNCTION sijil_number();
CREATE TRIGGER number BEFORE INSERT OR UPDATE ON door_key    FOR EACH ROW EXECUTE FUNCTION sijil_number();
CREATE TRIGGER number BEFORE INSERT OR UPDATE ON gone_mail   FOR EACH ROW EXECUTE FUNCTION sijil_number();

CREATE TABLE tile (
  name TEXT PRIMARY KEY, -- as internal/tilewriter names its files
  data BYTEA NOT NULL
);
ALTER TABLE tile ALTER data SET STORAGE EXTERNAL; -- hashes and signatures do not compress
`

// createPostgres is the common schema in PostgreSQL's words, and postgresSchema.
func createPostgres() string {
	return strings.NewReplacer(" INTEGER PRIMARY KEY", " BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", " BLOB", " BYTEA", " INTEGER", " BIGINT", ") STRICT, WITHOUT ROWID;", ");", ") STRICT;", ");").Replace(schema) + postgresSchema
}

// Names that processes share within the database.
const (
	changedChannel = "sijil_changed"
	queuedChannel  = "sijil_queued"
)

// session is what every connection asks of PostgreSQL: a process that has stopped in
// the middle of a transaction must not keep the others waiting for its locks.
var session = map[string]string{
	"application_name":                    "sijild",
	"idle_in_transaction_session_timeout": "20s",
	"statement_timeout":                   "60s",
	"timezone":                            "UTC",
}

func configure(url string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("store: database: %w", err) // pgx leaves passwords out
	}
	for name, value := range session {
		c.RuntimeParams[name] = value
	}
	return c, nil
}

// CreatePostgres makes our tables in a database that has none, in one transaction.
// Trillian's may stand beside them, and should: one backup then holds both.
func CreatePostgres(ctx context.Context, url string) error {
	c, err := configure(url)
	if err != nil {
		return err
	}
	db, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx)) // everything is committed by then, or nothing
	var there bool
	if err := db.QueryRow(ctx, `SELECT to_regclass('publication') IS NOT NULL`).Scan(&there); err != nil {
		return fmt.Errorf("store: create: %w", err)
	}
	if there {
		return fmt.Errorf("store: %s: %w", c.Database, ErrExists)
	}
	return pgx.BeginFunc(ctx, db, func(t pgx.Tx) error {
		// Several statements at once need the simple protocol.
		if _, err := t.Conn().PgConn().Exec(ctx, createPostgres()).ReadAll(); err != nil {
			return fmt.Errorf("store: create: %w", err)
		}
		if _, err := t.Exec(ctx, `INSERT INTO edition VALUES ($1)`, schemaVersion); err != nil {
			return fmt.Errorf("store: create: %w", err)
		}
		return nil
	})
}

// OpenPostgres opens the tables that CreatePostgres made. Several processes may have
// them open.
func OpenPostgres(ctx context.Context, url string) (_ *Store, err error) {
	c, err := configure(url)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(8)
	s := &Store{read: db, write: db, reading: reading{db, &onPostgres}}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if err := durable(ctx, db); err != nil {
		return nil, err
	}
	var there bool
	if err := db.QueryRowContext(ctx, `SELECT to_regclass('edition') IS NOT NULL`).Scan(&there); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if !there {
		return nil, fmt.Errorf("store: %s: %w", c.Database, ErrNotFound)
	}
	var version int
	if err := db.QueryRowContext(ctx, `SELECT version FROM edition`).Scan(&version); err != nil {
		return nil, fmt.Errorf("store: edition: %w", err)
	}
	if version != schemaVersion {
		return nil, fmt.Errorf("store: %s: schema edition %d, this program reads %d", c.Database, version, schemaVersion)
	}
	if s.conn, err = db.Conn(ctx); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s.queue = startQueue(&onPostgres, s.conn, db.Conn)
	return s, nil
}

// durable refuses a server that acknowledges what it has not written: so would we.
func durable(ctx context.Context, db *sql.DB) error {
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var value string
		if err := db.QueryRowContext(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		if value == "off" {
			return fmt.Errorf("store: PostgreSQL runs with %s=off, and would lose records that were acknowledged: set it to on", name)
		}
	}
	return nil
}
