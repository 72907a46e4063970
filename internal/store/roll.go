package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// placeBits are the lower bits of a row's id: its place in the roll.
const placeBits = 32

// maxBadRows bounds how many rows are named that cannot be taken.
const maxBadRows = 1000

// rowsAtOnce bounds how many rows one statement writes: it has its time.
const rowsAtOnce = 1000

// commitmentLine is the length of a line of a document that has a commitment alone.
const commitmentLine = 44

// ReserveBatch implements publish.RollStore.
func (s *Store) ReserveBatch(ctx context.Context, b publish.NewBatch) error {
	return s.queue.do(ctx, func(t *tx) error {
		id, first, err := t.nextBatch(b)
		if err != nil {
			return err
		}
		var entries any
		if b.Change != statement.BatchAdd {
			if err := t.known(id, b.Entries); err != nil {
				return err
			}
			doc := make([]byte, 0, commitmentLine*len(b.Entries))
			for _, e := range b.Entries {
				doc = append(append(doc, roll.Commitment(e)...), '\n')
			}
			entries = doc
		}
		_, err = t.exec(`INSERT INTO batch (roll, number, record, spki, bundle, change, version, first, rows, entries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			id, b.Number, b.Record[:], b.SPKI, b.Bundle, b.Change, b.Version, first, len(b.Added), entries)
		if err != nil {
			return fmt.Errorf("store: batch: %w", err)
		}
		return t.addRows(id, first, b)
	})
}

// nextBatch refuses a batch that is not the next one, or whose writer does not know the
// chain as it is. It returns the roll, which may be new, and the place of the next row.
func (t *tx) nextBatch(b publish.NewBatch) (id, first int64, err error) {
	var same, all, settled int64
	if err := t.row(`SELECT count(*) FROM publication WHERE genesis = ? AND revision = ?`, b.Genesis[:], b.Revision).Scan(&same); err != nil {
		return 0, 0, fmt.Errorf("store: roll: %w", err)
	}
	if same == 0 {
		return 0, 0, publish.ErrStale
	}
	if _, err := t.exec(`INSERT INTO roll (genesis, settled) VALUES (?, 0) ON CONFLICT DO NOTHING`, b.Genesis[:]); err != nil {
		return 0, 0, fmt.Errorf("store: roll: %w", err)
	}
	if err := t.row(`SELECT id, settled FROM roll WHERE genesis = ?`, b.Genesis[:]).Scan(&id, &first); err != nil {
		return 0, 0, fmt.Errorf("store: roll: %w", err)
	}
	if err := t.row(`SELECT count(*), count(log_index) FROM batch WHERE roll = ?`, id).Scan(&all, &settled); err != nil {
		return 0, 0, fmt.Errorf("store: roll: %w", err)
	}
	if all != b.Number-1 || settled != all {
		return 0, 0, publish.ErrStale
	}
	return id, first + 1, nil
}

// noBatch refuses a record that sets a policy while a batch is on its way: nobody could
// tell which of the two comes first in the log.
func (t *tx) noBatch(r publish.Reservation) error {
	if len(r.Names) == 0 {
		return nil
	}
	var moving int
	if err := t.row(`SELECT count(*) FROM batch b JOIN roll r ON r.id = b.roll WHERE r.genesis = ? AND b.log_index IS NULL`, r.Genesis[:]).Scan(&moving); err != nil {
		return fmt.Errorf("store: reserve: %w", err)
	}
	if moving > 0 {
		return publish.ErrStale
	}
	return nil
}

// known refuses entries that the roll does not have.
func (t *tx) known(id int64, entries []log.Digest) error {
	have, err := t.find(id, entries)
	if err != nil {
		return err
	}
	return badRows(len(entries), "the roll has no such entry", func(i int) bool { return have[entries[i]] == 0 })
}

// badRows is an error if some of n rows are bad.
func badRows(n int, what string, bad func(i int) bool) error {
	var list []*roll.RowError
	for i := range n {
		if len(list) < maxBadRows && bad(i) {
			list = append(list, &roll.RowError{Row: i + 1, Err: errors.New(what)})
		}
	}
	if len(list) > 0 {
		return &publish.RowsError{Rows: list}
	}
	return nil
}

// find gives the ids of those rows, by their commitments, that the roll has.
func (t *tx) find(id int64, commitments []log.Digest) (map[log.Digest]int64, error) {
	tags := make([]int64, len(commitments))
	for i, c := range commitments {
		tags[i] = tag(c)
	}
	out := map[log.Digest]int64{}
	err := t.now().each(context.Background(), func(rows *sql.Rows) error {
		var at int64
		var have []byte
		if err := rows.Scan(&at, &have); err != nil {
			return err
		}
		if len(have) != len(log.Digest{}) {
			return errors.New("endorser: a digest is not 32 bytes")
		}
		out[log.Digest(have)] = at
		return nil
	}, `SELECT e.id, e.commitment FROM `+t.d.numbers+` x CROSS JOIN endorser e WHERE e.roll = ?2 AND e.tag = x.value`, jsonOf(tags), id)
	return out, err
}

// now reads within the transaction.
func (t *tx) now() reading { return reading{t.conn, t.d} }

// jsonOf is a list of numbers as both databases read it.
func jsonOf(list []int64) string {
	out := []byte{'['}
	for i, n := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendInt(out, n, 10)
	}
	return string(append(out, ']'))
}

// tag is the first eight bytes of a digest.
func tag(d log.Digest) int64 { return int64(binary.BigEndian.Uint64(d[:8])) }

// addRows writes the rows of an addition from a place on.
func (t *tx) addRows(id, first int64, b publish.NewBatch) error {
	all := make([]log.Digest, len(b.Added))
	for i, e := range b.Added {
		all[i] = e.Commitment
	}
	have, err := t.find(id, all)
	if err != nil {
		return err
	}
	if err := badRows(len(all), "the entry stands in the roll already", func(i int) bool { return have[all[i]] != 0 }); err != nil {
		return err
	}
	rows := make([]rollRow, len(b.Added))
	for i, e := range b.Added {
		if rows[i], err = rowOf(b, e); err != nil {
			return fmt.Errorf("store: endorser: %w", err)
		}
		rows[i].roll, rows[i].id = id, id<<placeBits|(first+int64(i))
	}
	if err := t.d.rolls.insert(t, rows); err != nil {
		return fmt.Errorf("store: endorser: %w", err)
	}
	return nil
}

func rowOf(b publish.NewBatch, e publish.NewEndorser) (rollRow, error) {
	r := rollRow{version: int64(b.Version), batch: b.Number, known: number(e.Known), country: e.Signatory.Country, tag: tag(e.Commitment), commitment: e.Commitment[:],
		disclosure: string(e.Disclosure), name: roll.Fold(e.Signatory.Name)}
	if e.Claim == nil {
		return r, nil
	}
	doc, err := jcs.Marshal(e.Claim)
	claim := string(doc)
	r.evidence, r.claim = e.Evidence[:], &claim
	if e.Signatory.Domain != "" {
		key := tag(e.Key)
		r.keyTag, r.domain = &key, &e.Signatory.Domain
	}
	return r, err
}

// number is how a row's kind is stored.
func number(k endorsement.Known) int64 { return int64(slices.Index(roll.Knowns(), k)) }
