package trilliansqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// conn is one SQLite connection with its prepared statements. It belongs to
// one goroutine at a time.
//
// Its statements run without the caller's context on purpose: a context that
// can end makes the driver start a goroutine for each statement, and a
// statement interrupted half way through a shared transaction would fail
// callers who did not give up. Callers look at their context between
// statements, and every statement here is short.
type conn struct {
	c     *sql.Conn
	stmts map[string]*sql.Stmt
}

func newConn(ctx context.Context, db *sql.DB) (*conn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, stmts: make(map[string]*sql.Stmt)}, nil
}

func (c *conn) prepared(query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.c.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = s
	return s, nil
}

// exec runs a statement that returns no rows.
func (c *conn) exec(query string, args ...any) (sql.Result, error) {
	s, err := c.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), args...)
}

// execN runs a statement that has to change exactly want rows.
func (c *conn) execN(want int64, query string, args ...any) error {
	res, err := c.exec(query, args...)
	if err != nil {
		return err
	}
	got, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("statement changed %d rows, want %d", got, want)
	}
	return nil
}

// script runs several statements, unprepared.
func (c *conn) script(query string) error {
	_, err := c.c.ExecContext(context.Background(), query)
	return err
}

// row runs a query for one row; its Scan reports sql.ErrNoRows for none.
func (c *conn) row(query string, args ...any) scanner {
	s, err := c.prepared(query)
	if err != nil {
		return failed{err}
	}
	return s.QueryRowContext(context.Background(), args...)
}

// each calls scan for every row of a query. The error of the iteration itself
// is never lost: a list cut short by a read error must not look complete.
func (c *conn) each(scan func(scanner) error, query string, args ...any) error {
	s, err := c.prepared(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			rows.Close() // the scan's error is the one to report
			return err
		}
	}
	if err := rows.Err(); err != nil {
		rows.Close()
		return err
	}
	return rows.Close()
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		s.Close() // the connection goes with it
	}
	return c.c.Close()
}

// scanner is a row to read.
type scanner interface{ Scan(dest ...any) error }

// failed is the row of a query that could not be prepared.
type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }
