package store

import (
	"context"
	"database/sql"
	"fmt"
)

// querier is a database, or one transaction of it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// reading is how rows are read: as they are now, or as a transaction sees them.
type reading struct {
	q querier
	d *dialect
}

func (r reading) row(ctx context.Context, query string, args ...any) *sql.Row {
	return r.q.QueryRowContext(ctx, r.d.rebind(query), values(args)...)
}

func (r reading) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := r.q.QueryContext(ctx, r.d.rebind(query), values(args)...)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
