package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
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
	run func(*sql.Tx) error
	err chan error
}

func startQueue(db *sql.DB) *queue {
	q := &queue{jobs: make(chan job, maxBatch), done: make(chan struct{})}
	go q.loop(db)
	return q
}

// do runs f in a transaction and returns when it is durable, or was undone.
func (q *queue) do(ctx context.Context, f func(*sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := job{run: f, err: make(chan error, 1)}
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

func (q *queue) loop(db *sql.DB) {
	defer close(q.done)
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
		runBatch(db, batch)
	}
}

// runBatch answers every job after the commit. If we die before it, none of the
// batch has happened and nobody was answered.
func runBatch(db *sql.DB, batch []job) {
	errs := make([]error, len(batch))
	err := func() error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		for i, j := range batch {
			if errs[i], err = runOne(tx, j.run); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		return tx.Commit()
	}()
	for i, j := range batch {
		if err != nil {
			j.err <- fmt.Errorf("store: %w", err)
			continue
		}
		j.err <- errs[i]
	}
}

func runOne(tx *sql.Tx, run func(*sql.Tx) error) (failed, fatal error) {
	if _, err := tx.Exec("SAVEPOINT job"); err != nil {
		return nil, err
	}
	if failed = run(tx); failed != nil {
		if _, err := tx.Exec("ROLLBACK TO job"); err != nil {
			return nil, err
		}
	}
	_, err := tx.Exec("RELEASE job")
	return failed, err
}
