package store

// schema of the folder's database. user_version counts its editions; a database
// of another edition is refused, never migrated silently.
const schemaVersion = 2

const schema = `
CREATE TABLE publication (
  genesis BLOB PRIMARY KEY,
  slug    TEXT NOT NULL UNIQUE,
  head    BLOB              -- signed note, set by each settlement
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
  digest    BLOB NOT NULL,
  genesis   BLOB NOT NULL REFERENCES publication(genesis),
  sequence  INTEGER NOT NULL,
  bundle    BLOB NOT NULL,  -- as submitted
  log_index INTEGER,        -- NULL while reserved
  complete  BLOB,           -- the first bundle with its log entry
  PRIMARY KEY (genesis, sequence),
  UNIQUE (digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE text (
  record   BLOB NOT NULL REFERENCES record(digest),
  language TEXT NOT NULL,
  body     BLOB NOT NULL,
  PRIMARY KEY (record, language)
) STRICT;

CREATE TABLE disclosure (
  record     BLOB NOT NULL REFERENCES record(digest),
  position   INTEGER NOT NULL,
  disclosure TEXT,          -- NULL: withheld
  PRIMARY KEY (record, position)
) STRICT;

CREATE TABLE token (
  digest  BLOB PRIMARY KEY, -- SHA-256 of the token; the token itself is nowhere
  slug    TEXT NOT NULL,
  expires INTEGER NOT NULL, -- Unix seconds
  similar INTEGER NOT NULL, -- 1: a look-alike slug is meant
  used_by BLOB              -- genesis digest
) STRICT, WITHOUT ROWID;

CREATE TABLE door_key (
  key    BLOB PRIMARY KEY, -- SHA-256 of the SubjectPublicKeyInfo
  note   TEXT NOT NULL,    -- the operator's words; empty for none
  listed INTEGER NOT NULL, -- 1: the operator lets it write
  wrote  INTEGER NOT NULL  -- 1: it has written, or was about to
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
  view TEXT PRIMARY KEY CHECK (view IN ('latest', 'public')),
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  note BLOB NOT NULL
) STRICT;

CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`
