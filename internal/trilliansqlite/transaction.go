package trilliansqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// errEnded is the answer of a transaction after its commit or its close.
var errEnded = errors.New("transaction has ended")

// transaction is a connection between BEGIN and its end.
type transaction struct {
	conn *conn
	end  func(commit bool) error // nil once called
}

// use gives the connection while the transaction runs and ctx has not ended.
func (t *transaction) use(ctx context.Context) (*conn, error) {
	if t.end == nil {
		return nil, errEnded
	}
	return t.conn, ctx.Err()
}

func (t *transaction) finish(commit bool) error {
	if t.end == nil {
		return errEnded
	}
	end := t.end
	t.end = nil
	return end(commit)
}

// rollback ends the transaction, if it has not ended yet, without a change.
func (t *transaction) rollback() error {
	if t.end == nil {
		return nil
	}
	return t.finish(false)
}

// writer owns the one connection that writes.
type writer struct {
	conn    *conn
	turn    chan struct{} // holds one token; who takes it owns conn, broken and warm
	waiting atomic.Int32  // calls of begin that wait for their turn
	closed  chan struct{}
	broken  error // the disk failed in a way that only opening again can answer
	warm    warmSubtrees
}

func newWriter(c *conn) *writer {
	w := &writer{conn: c, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	w.turn <- struct{}{}
	return w
}

// acquire waits for the connection. Those who wait are served in order.
func (w *writer) acquire(ctx context.Context) error {
	select {
	case <-w.closed:
		return ErrClosed
	default:
	}
	select {
	case <-w.turn:
		return nil
	case <-w.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) release() { w.turn <- struct{}{} }

// stop refuses new transactions and waits for the running one.
func (w *writer) stop() {
	close(w.closed)
	<-w.turn
}

// begin waits for its turn and begins a transaction, which keeps it.
func (w *writer) begin(ctx context.Context) (*transaction, error) {
	w.waiting.Add(1)
	err := w.acquire(ctx)
	w.waiting.Add(-1)
	if err != nil {
		return nil, err
	}
	t, err := w.beginHeld()
	if err != nil {
		w.release()
		return nil, err
	}
	end := t.end
	t.end = func(commit bool) error {
		defer w.release()
		return end(commit)
	}
	return t, nil
}

// beginHeld begins a transaction for the holder of the turn, who keeps it.
func (w *writer) beginHeld() (*transaction, error) {
	if w.broken != nil {
		return nil, fmt.Errorf("storage stopped writing after a disk fault: %w", w.broken)
	}
	// Immediate: the write lock is taken now, so nothing can fail for it later.
	if _, err := w.conn.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return &transaction{conn: w.conn, end: w.end}, nil
}

// end commits or rolls back. If we die before COMMIT returns, the next open
// finds all of the transaction or none of it, and nobody was told that it is
// durable; once COMMIT has returned, it is in the synced write-ahead log.
func (w *writer) end(commit bool) error {
	var err error
	if commit {
		if _, err = w.conn.exec("COMMIT"); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	w.warm = warmSubtrees{} // changed in place, and now not what is stored
	// A failed COMMIT may have rolled back by itself; then ROLLBACK finds no
	// transaction, which is what we want.
	if _, rerr := w.conn.exec("ROLLBACK"); rerr != nil && !isCode(rerr, sqlite3.SQLITE_ERROR) {
		err = errors.Join(err, fmt.Errorf("rollback: %w", rerr))
	}
	if isDiskFault(err) {
		w.broken = err
	}
	return err
}

// readers are the read-only connections.
type readers struct {
	free   chan *conn
	closed chan struct{}
	total  int // connections ever put in; set by open alone
}

func newReaders(n int) *readers {
	return &readers{free: make(chan *conn, n), closed: make(chan struct{})}
}

func (r *readers) put(c *conn) {
	r.total++
	r.free <- c
}

// begin waits for a free connection and begins a snapshot on it.
func (r *readers) begin(ctx context.Context) (*transaction, error) {
	select {
	case <-r.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case <-r.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case c := <-r.free:
		if _, err := c.exec("BEGIN"); err != nil {
			r.free <- c
			return nil, fmt.Errorf("begin: %w", err)
		}
		return &transaction{conn: c, end: func(bool) error {
			defer func() { r.free <- c }()
			_, err := c.exec("ROLLBACK")
			return err
		}}, nil
	}
}

func (r *readers) stop() { close(r.closed) }

// closeAll waits for every connection and closes it.
func (r *readers) closeAll() error {
	var errs []error
	for range r.total {
		errs = append(errs, (<-r.free).close())
	}
	return errors.Join(errs...)
}

// isCode reports whether err carries one of SQLite's primary result codes.
func isCode(err error, primary ...int) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, p := range primary {
		if e.Code()&0xff == p {
			return true
		}
	}
	return false
}

func isReadOnly(err error) bool {
	return isCode(err, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
}

// isDiskFault tells the errors after which the kernel's view of the file and
// the disk may differ, a failed sync above all: a later sync may then succeed
// without the data being there.
func isDiskFault(err error) bool {
	return isCode(err, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
}
