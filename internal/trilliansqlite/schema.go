package trilliansqlite

import (
	"errors"
	"fmt"
	"net/url"
)

const (
	databaseFile = "trillian.sqlite"
	newFile      = databaseFile + ".new"
	lockFile     = "trillian.lock"

	// applicationID marks the file as ours ("SijT"), schemaVersion its layout.
	applicationID = 0x53696a54
	schemaVersion = 1
)

// schema is layout version 1. Times are Unix nanoseconds.
//
// A leaf row is written once and never changed; whether it waits or is
// integrated is a row in queue or in sequence. All but the index over identity
// hashes grow at their end, which keeps a large log's commits small.
const schema = `
CREATE TABLE tree (
	tree_id              INTEGER PRIMARY KEY,
	state                INTEGER NOT NULL, -- trillian.TreeState
	type                 INTEGER NOT NULL, -- trillian.TreeType
	display_name         TEXT    NOT NULL,
	description          TEXT    NOT NULL,
	create_ns            INTEGER NOT NULL,
	update_ns            INTEGER NOT NULL,
	max_root_duration_ns INTEGER NOT NULL,
	delete_ns            INTEGER           -- NULL: not deleted
) STRICT;

CREATE TABLE tree_head (
	tree_id  INTEGER PRIMARY KEY REFERENCES tree,
	log_root BLOB NOT NULL -- types.LogRootV1 as its MarshalBinary writes it
) STRICT;

CREATE TABLE subtree (
	tree_id INTEGER NOT NULL REFERENCES tree,
	prefix  BLOB    NOT NULL,
	nodes   BLOB    NOT NULL, -- storagepb.SubtreeProto
	PRIMARY KEY (tree_id, prefix)
) STRICT;

CREATE TABLE leaf (
	leaf_id       INTEGER PRIMARY KEY,
	tree_id       INTEGER NOT NULL REFERENCES tree,
	queue_ns      INTEGER NOT NULL,
	identity_hash BLOB    NOT NULL,
	merkle_hash   BLOB,              -- NULL: equal to identity_hash
	value         BLOB    NOT NULL,
	extra         BLOB    NOT NULL,
	UNIQUE (tree_id, identity_hash)
) STRICT;

CREATE INDEX leaf_merkle ON leaf (tree_id, merkle_hash) WHERE merkle_hash IS NOT NULL;

CREATE TABLE queue (
	tree_id  INTEGER NOT NULL,
	queue_ns INTEGER NOT NULL,
	leaf_id  INTEGER NOT NULL REFERENCES leaf,
	PRIMARY KEY (tree_id, queue_ns, leaf_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sequence (
	tree_id      INTEGER NOT NULL,
	leaf_index   INTEGER NOT NULL CHECK (leaf_index >= 0),
	leaf_id      INTEGER NOT NULL UNIQUE REFERENCES leaf,
	integrate_ns INTEGER NOT NULL, -- 0: sequenced by the caller, not yet integrated
	PRIMARY KEY (tree_id, leaf_index)
) STRICT, WITHOUT ROWID;
`

// Schema is what Create makes a database of.
func Schema() string { return schema }

// dsn gives the data source name of the database at path. Pragmas stand here
// because a pragma executed on one pooled connection holds on that one alone.
// mode is SQLite's own: "rw" never creates a file, "rwc" may, "ro" reads.
func dsn(path, mode string) string {
	q := url.Values{
		"mode":       {mode},
		"_defensive": {"1"},
		"_dqs":       {"0"},
		"_txlock":    {"deferred"},
	}
	pragmas := []string{
		"busy_timeout(10000)",
		"foreign_keys(ON)",
		"trusted_schema(OFF)",
		"temp_store(MEMORY)",
	}
	if mode == "ro" {
		pragmas = append(pragmas,
			"query_only(ON)",
			"cache_size(-4096)", // KiB, for each reader
		)
	} else {
		pragmas = append(pragmas,
			"cache_size(-32768)", // KiB
			"journal_mode(WAL)",
			"synchronous(FULL)",
			"fullfsync(ON)",            // macOS: fsync alone does not reach the disk
			"checkpoint_fullfsync(ON)", // macOS, the same
			"wal_autocheckpoint(4000)", // pages; a checkpoint costs its commit some milliseconds
			"journal_size_limit(67108864)",
		)
	}
	q["_pragma"] = pragmas
	u := url.URL{Scheme: "file", Path: path, OmitHost: true, RawQuery: q.Encode()}
	return u.String()
}

// createSchema fills an empty database.
func createSchema(c *conn) error {
	if err := c.script(schema); err != nil {
		return err
	}
	return c.script(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;",
		applicationID, schemaVersion))
}

// checkSchema refuses a database that is not ours or that another version of
// the layout wrote.
func checkSchema(c *conn) error {
	var app, version int64
	if err := c.row("PRAGMA application_id").Scan(&app); err != nil {
		return err
	}
	if err := c.row("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case app != applicationID:
		return errors.New("not a log database: wrong application id")
	case version != schemaVersion:
		return fmt.Errorf("layout version %d, this program reads %d", version, schemaVersion)
	}
	return nil
}
