package store

// rollSchema holds the endorsers who stand in no list. A row's id is its roll's number in
// the upper 32 bits and its place in the roll, from 1, in the lower: rows of batches that
// are not settled come last, and queries end before them. Tags are the first eight bytes of
// digests, which keeps what grows everywhere small.
const rollSchema = `
CREATE TABLE roll (
  id      INTEGER PRIMARY KEY,
  genesis BLOB NOT NULL UNIQUE REFERENCES publication(genesis),
  settled INTEGER NOT NULL  -- rows of settled batches
) STRICT;

CREATE TABLE batch (
  roll      INTEGER NOT NULL REFERENCES roll(id),
  number    INTEGER NOT NULL,
  record    BLOB NOT NULL,
  spki      BLOB NOT NULL,
  bundle    BLOB NOT NULL,    -- without a log entry
  change    TEXT NOT NULL,
  version   INTEGER NOT NULL, -- of an addition; else 0
  first     INTEGER NOT NULL, -- place of its first row; of an addition
  rows      INTEGER NOT NULL, -- that it adds
  entries   BLOB,             -- the document of the others
  log_index INTEGER,          -- NULL while reserved
  PRIMARY KEY (roll, number)
) STRICT;

CREATE TABLE endorser (
  id         INTEGER PRIMARY KEY,
  roll       INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  batch      INTEGER NOT NULL,
  known      INTEGER NOT NULL,  -- place in roll.Knowns
  country    TEXT NOT NULL,     -- empty for none
  tag        INTEGER NOT NULL,  -- of the commitment
  commitment BLOB NOT NULL,
  evidence   BLOB,              -- SHA-256 of the claim
  disclosure TEXT,              -- NULL: withheld
  claim      TEXT,              -- NULL: none, or withheld
  key_tag    INTEGER,           -- of the claim's key, where the row has a domain
  domain     TEXT
) STRICT;

CREATE TABLE tally (
  roll    INTEGER NOT NULL REFERENCES roll(id),
  version INTEGER NOT NULL,
  country TEXT NOT NULL,
  known   INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (roll, version, country, known)
) STRICT, WITHOUT ROWID;
`

// sqliteRolls are the indexes in SQLite, which ends each with the row's id. Those by
// version, country and kind grow at few places as rows are added.
const sqliteRolls = `
CREATE INDEX endorser_tag     ON endorser (roll, tag);
CREATE INDEX endorser_version ON endorser (roll, version);
CREATE INDEX endorser_country ON endorser (roll, version, country);
CREATE INDEX endorser_known   ON endorser (roll, version, known);
CREATE INDEX endorser_key     ON endorser (roll, key_tag) WHERE key_tag IS NOT NULL;

-- Words of names that are served, by the row's id. secure-delete: a name that is deleted
-- leaves no word behind.
CREATE VIRTUAL TABLE endorser_name USING fts5(name, content='', detail=none, tokenize='unicode61 remove_diacritics 2');
INSERT INTO endorser_name(endorser_name, rank) VALUES('secure-delete', 1);
`

// postgresRolls are those in PostgreSQL. The words of a name that is served stand in its
// row; they are made here (roll.Fold), so that no configuration of the server has a say.
const postgresRolls = `
ALTER TABLE endorser ADD words TSVECTOR; -- NULL: withheld

CREATE INDEX endorser_tag     ON endorser (roll, tag);
CREATE INDEX endorser_version ON endorser (roll, version, id);
CREATE INDEX endorser_country ON endorser (roll, version, country, id);
CREATE INDEX endorser_known   ON endorser (roll, version, known, id);
CREATE INDEX endorser_key     ON endorser (roll, key_tag) WHERE key_tag IS NOT NULL;
CREATE INDEX endorser_words   ON endorser USING gin (words);

ALTER TABLE roll  ADD changed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE batch ADD changed BIGINT NOT NULL DEFAULT 0;

CREATE INDEX roll_changed  ON roll (changed);
CREATE INDEX batch_changed ON batch (changed);

CREATE TRIGGER number BEFORE INSERT OR UPDATE ON roll  FOR EACH ROW EXECUTE FUNCTION sijil_number();
CREATE TRIGGER number BEFORE INSERT OR UPDATE ON batch FOR EACH ROW EXECUTE FUNCTION sijil_number();
`
