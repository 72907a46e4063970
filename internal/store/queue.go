package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sijil/sijil/internal/publish"
)

// maxBatch bounds how many writes share a transaction.
const maxBatch = 256

var errClosed = errors.New("store: closed")

// queue runs writes one after another, as many as are waiting in one
// transaction. Each write has a savepoint of its own, so one that fails undoes
// itself and not its neighbours.
type queue struct {
	jobs chan job
	done chan struct{}
	mu   sync.RWMutex // guards closed against a send on a closed channel
	shut bool
}

type job struct {
	run func(*tx) error
	one bool // it changes something by one statement at most, which undoes itself
	err chan error
}

// tx is the running transaction, with the writer's prepared statements.
type tx struct {
	d     *dialect
	conn  *sql.Conn // nil when it is to be opened anew
	again func(context.Context) (*sql.Conn, error)
	stmts map[string]*sql.Stmt
}

// exec runs a statement, prepared at its first use. It takes no context: half a
// shared transaction is nobody's to interrupt.
func (t *tx) exec(query string, args ...any) (sql.Result, error) {
	s, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	ctx, cancel := t.d.within()
	defer cancel()
	return s.ExecContext(ctx, values(args)...)
}

// execOne runs a statement and reports whether it changed exactly one row.
func (t *tx) execOne(query string, args ...any) (bool, error) {
	res, err := t.exec(query, args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// row runs a query for one row.
func (t *tx) row(query string, args ...any) interface{ Scan(...any) error } {
	s, err := t.stmt(query)
	if err != nil {
		return failedRow{err}
	}
	return s.QueryRow(values(args)...)
}

// failedRow is a query that could not be prepared.
type failedRow struct{ err error }

func (f failedRow) Scan(...any) error { return f.err }

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.stmts[query]; ok {
		return s, nil
	}
	ctx, cancel := t.d.within()
	defer cancel()
	s, err := t.conn.PrepareContext(ctx, t.d.rebind(query))
	if err != nil {
		return nil, err
	}
	t.stmts[query] = s
	return s, nil
}

// close closes the statements, which nobody else does. With one open, SQLite would not
// close the connection, and would leave the write-ahead log beside the database.
func (t *tx) close() {
	for _, s := range t.stmts {
		_ = s.Close() // nothing runs any more
	}
}

// startQueue takes the connection over. again, where it is not nil, opens another
// one after a failure: the database may have been restarted.
func startQueue(d *dialect, conn *sql.Conn, again func(context.Context) (*sql.Conn, error)) *queue {
	q := &queue{jobs: make(chan job, maxBatch), done: make(chan struct{})}
	go q.loop(&tx{d: d, conn: conn, again: again, stmts: map[string]*sql.Stmt{}})
	return q
}

// open makes sure that there is a connection.
func (t *tx) open() (err error) {
	if t.conn != nil {
		return nil
	}
	ctx, cancel := t.d.within()
	defer cancel()
	t.conn, err = t.again(ctx)
	return err
}

// abandon lets go of a connection whose state is not known, where another one can
// be opened.
func (t *tx) abandon() {
	if t.conn == nil {
		return
	}
	_ = t.conn.Raw(func(any) error { return driver.ErrBadConn }) // so that nobody is given it
	_ = t.conn.Close()
	t.conn = nil
	clear(t.stmts)
}

// do runs f in a transaction and returns when it is durable, or was undone.
func (q *queue) do(ctx context.Context, f func(*tx) error) error {
	return q.add(ctx, job{run: f})
}

// doOne is do for what changes something by one statement at most: it needs no savepoint.
func (q *queue) doOne(ctx context.Context, f func(*tx) error) error {
	return q.add(ctx, job{run: f, one: true})
}

func (q *queue) add(ctx context.Context, j job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.err = make(chan error, 1)
	q.mu.RLock()
	if q.shut {
		q.mu.RUnlock()
		return errClosed
	}
	q.jobs <- j
	q.mu.RUnlock()
	return <-j.err // never abandoned: the caller must know whether it happened
}

func (q *queue) stop() {
	q.mu.Lock()
	if !q.shut {
		q.shut = true
		close(q.jobs)
	}
	q.mu.Unlock()
	<-q.done
}

func (q *queue) loop(t *tx) {
	defer close(q.done)
	defer func() {
		t.close()
		if t.conn != nil {
			_ = t.conn.Close()
		}
	}()
	for first := range q.jobs {
		batch := []job{first}
	gather:
		for len(batch) < maxBatch {
			select {
			case j, ok := <-q.jobs:
				if !ok {
					break gather
				}
				batch = append(batch, j)
			default:
				break gather
			}
		}
		runBatch(t, batch)
	}
}

// runBatch answers every job after the commit. If we die before it, none of the
// batch has happened and nobody was answered. If PostgreSQL dies in the commit, the
// batch may have happened although everybody is told otherwise: who follows sees it.
func runBatch(t *tx, batch []job) {
	errs := make([]error, len(batch))
	err := func() error {
		if err := t.open(); err != nil {
			return err
		}
		for _, begin := range t.d.begin {
			if _, err := t.exec(begin); err != nil {
				return t.rollback(err)
			}
		}
		for i, j := range batch {
			var err error
			if j.one && t.d.alone {
				errs[i] = j.run(t)
			} else if errs[i], err = runOne(t, j.run); err != nil {
				return t.rollback(err)
			}
		}
		if _, err := t.exec("COMMIT"); err != nil {
			return t.rollback(err)
		}
		return nil
	}()
	if err != nil && t.again != nil {
		t.abandon()
		err = fmt.Errorf("%w: %w", publish.ErrAway, err)
	}
	for i, j := range batch {
		if err != nil {
			j.err <- refused(fmt.Errorf("store: %w", err))
			continue
		}
		j.err <- refused(errs[i])
	}
}

// refused tells a full disk from other faults: for want of room nothing was written, and
// the caller may come again.
func refused(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return fmt.Errorf("%w: %w", publish.ErrFull, err)
	}
	return err
}

// rollback undoes the batch. The database may have done so itself, and then says that
// there is no transaction; the first error is the one that matters.
func (t *tx) rollback(cause error) error {
	_, _ = t.exec("ROLLBACK")
	return cause
}

func runOne(t *tx, run func(*tx) error) (failed, fatal error) {
	if _, err := t.exec("SAVEPOINT job"); err != nil {
		return nil, err
	}
	if failed = run(t); failed != nil {
		// After some faults SQLite has undone the whole transaction by itself.
		if _, err := t.exec("ROLLBACK TO job"); err != nil {
			return nil, errors.Join(failed, err)
		}
	}
	_, err := t.exec("RELEASE job")
	return failed, err
}
