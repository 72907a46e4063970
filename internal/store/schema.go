package store

// schema of the folder's database. user_version counts its editions; a database
// of another edition is refused, never migrated silently.
const schemaVersion = 5

const schema = `
CREATE TABLE publication (
  genesis  BLOB PRIMARY KEY,
  slug     TEXT NOT NULL UNIQUE,
  head     BLOB,            -- signed note, set by each settlement
  revision INTEGER NOT NULL -- moved by each write to the chain, by compare-and-swap
) STRICT, WITHOUT ROWID;

-- state: publish.RecordState. A place in the chain is one record's, once all its
-- signatures are there; until then several can be proposed for it.
CREATE TABLE record (
  digest    BLOB NOT NULL PRIMARY KEY,
  genesis   BLOB NOT NULL REFERENCES publication(genesis),
  sequence  INTEGER NOT NULL,
  state     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX record_place ON record (genesis, sequence) WHERE state > 0;
CREATE INDEX record_chain ON record (genesis, sequence);

CREATE TABLE signature (
  record    BLOB NOT NULL REFERENCES record(digest),
  position  INTEGER NOT NULL,
  key       BLOB NOT NULL,  -- SHA-256 of the signer's SubjectPublicKeyInfo
  bundle    BLOB NOT NULL,  -- as submitted
  log_index INTEGER,        -- NULL while reserved
  complete  BLOB,           -- the first bundle with its log entry
  PRIMARY KEY (record, position),
  UNIQUE (record, key)
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

-- Records that belong to no chain: what signatories say, and what the service saw. Rows
-- stand in the order in which they came, so that their many bytes are written side by side.
CREATE TABLE aside (
  id        INTEGER PRIMARY KEY,
  log_index INTEGER,        -- NULL while reserved
  record    BLOB NOT NULL,
  key       BLOB NOT NULL,  -- SHA-256 of the signer's SubjectPublicKeyInfo, which is:
  spki      BLOB NOT NULL,
  genesis   BLOB NOT NULL REFERENCES publication(genesis),
  entry     TEXT NOT NULL,  -- commitment of the list entry that it is about
  enrols    BLOB,           -- SHA-256 of the key that it enrols; NULL: it is no enrolment
  bundle    BLOB NOT NULL   -- without a log entry
) STRICT;

CREATE UNIQUE INDEX aside_name ON aside (record, key);
CREATE INDEX aside_entry ON aside (genesis, entry);
CREATE INDEX aside_place ON aside (genesis, log_index);
CREATE INDEX aside_enrols ON aside (enrols) WHERE enrols IS NOT NULL;

-- Invitations that were used, by their digest; the invitation itself is nowhere.
CREATE TABLE invitation (
  digest BLOB PRIMARY KEY,
  record BLOB NOT NULL    -- that it let in
) STRICT, WITHOUT ROWID;

-- Codes that a mail repeats, by their digest; the code itself is nowhere.
CREATE TABLE mail_code (
  digest   BLOB PRIMARY KEY,
  genesis  BLOB NOT NULL REFERENCES publication(genesis),
  entry    TEXT NOT NULL,
  version  INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  language TEXT NOT NULL,
  expires  INTEGER NOT NULL, -- Unix seconds
  invited  INTEGER NOT NULL, -- 1: whoever asked held an invitation
  used     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- SHA-256 of mails about entries that were withheld: whoever has one in a vault deletes it.
CREATE TABLE gone_mail (
  document BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- When a domain was last seen to say what it said.
CREATE TABLE seen (
  genesis BLOB NOT NULL REFERENCES publication(genesis),
  entry   TEXT NOT NULL,
  at      INTEGER NOT NULL, -- Unix seconds
  PRIMARY KEY (genesis, entry)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
  digest  BLOB PRIMARY KEY, -- SHA-256 of the token; the token itself is nowhere
  slug    TEXT NOT NULL,
  expires INTEGER NOT NULL, -- Unix seconds
  "similar" INTEGER NOT NULL, -- 1: a look-alike slug is meant
  used_by BLOB              -- genesis digest
) STRICT, WITHOUT ROWID;

CREATE TABLE door_key (
  key    BLOB PRIMARY KEY, -- SHA-256 of the SubjectPublicKeyInfo
  note   TEXT NOT NULL,    -- the operator's words; empty for none
  listed INTEGER NOT NULL, -- 1: the operator lets it write
  wrote  INTEGER NOT NULL  -- 1: it has written, or was about to
) STRICT, WITHOUT ROWID;

-- Keys that a publication's policy names, or was to name: the door never takes them.
CREATE TABLE publisher_key (
  key BLOB PRIMARY KEY     -- SHA-256 of the SubjectPublicKeyInfo
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
