package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Advisory locks, by their number: "sijil" and a digit, in ASCII.
const (
	leaderLock  = 0x73696a696c31
	serviceLock = 0x73696a696c32
	exportLock  = 0x73696a696c33 // within one transaction
)

// ErrInUse: another process holds the lock. The caller tries again later, or says who
// must be stopped.
var ErrInUse = errors.New("another process holds the lock")

// Lock is a lock of PostgreSQL's, held by a connection of its own: it is free as soon
// as the process or the connection dies.
type Lock struct{ conn *pgx.Conn }

// Lead takes the lock of the one process that exports tiles and signs checkpoints.
// The holder calls Held at least every few seconds: a process that has stopped loses
// the lock after leaderSilence. It may believe for a moment that it holds it still;
// the checkpoint's compare-and-swap is what keeps it from signing.
func Lead(ctx context.Context, url string) (*Lock, error) {
	return lock(ctx, url, `SELECT pg_try_advisory_lock($1)`, leaderLock, leaderSilence)
}

const leaderSilence = 10 * time.Second

// Serve says that a service runs, until the lock is closed; any number may.
func Serve(ctx context.Context, url string) (*Lock, error) {
	return lock(ctx, url, `SELECT pg_try_advisory_lock_shared($1)`, serviceLock, 0)
}

// Alone takes the lock that Serve shares: no service runs, or ErrInUse.
func Alone(ctx context.Context, url string) (*Lock, error) {
	return lock(ctx, url, `SELECT pg_try_advisory_lock($1)`, serviceLock, 0)
}

func lock(ctx context.Context, url, query string, id int64, silence time.Duration) (*Lock, error) {
	c, err := configure(url)
	if err != nil {
		return nil, err
	}
	c.RuntimeParams["idle_session_timeout"] = fmt.Sprint(silence.Milliseconds())
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("store: lock: %w", err)
	}
	l := &Lock{conn}
	var got bool
	if err := conn.QueryRow(ctx, query, id).Scan(&got); err != nil {
		return nil, errors.Join(fmt.Errorf("store: lock: %w", err), l.Close())
	}
	if !got {
		return nil, errors.Join(ErrInUse, l.Close())
	}
	return l, nil
}

// Held returns nil while the lock is held. It is for one goroutine at a time.
func (l *Lock) Held(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaderSilence/2)
	defer cancel()
	if err := l.conn.Ping(ctx); err != nil {
		return fmt.Errorf("store: the lock is lost: %w", err)
	}
	return nil
}

// Close frees the lock.
func (l *Lock) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), leaderSilence/2)
	defer cancel()
	return l.conn.Close(ctx)
}
