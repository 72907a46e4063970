package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/tilewriter"
	"github.com/sijil/sijil/internal/trillianlog"
)

// databaseFile is the data folder's file that holds the address of PostgreSQL, where
// the rows are there. init writes it; a folder with it holds keys, and no log.
const databaseFile = "database"

// maxDatabaseFile bounds it, in bytes.
const maxDatabaseFile = 4 << 10

// databaseOf is the address of the folder's PostgreSQL, "" where the rows are in the
// folder.
func databaseOf(data string) (string, error) {
	b, err := os.ReadFile(filepath.Join(data, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if len(b) > maxDatabaseFile {
		return "", fmt.Errorf("%s is over %d bytes", filepath.Join(data, databaseFile), maxDatabaseFile)
	}
	return strings.TrimSpace(string(b)), nil
}

// errCluster: the command is for a log in a folder.
var errCluster = errors.New("the rows of this log are in PostgreSQL")

// folderOnly refuses a folder whose rows are elsewhere.
func folderOnly(data, instead string) error {
	url, err := databaseOf(data)
	if err == nil && url != "" {
		err = fmt.Errorf("%w: %s", errCluster, instead)
	}
	return err
}

// clusterOptions say where the processes of a cluster are. The zero value is none.
type clusterOptions struct {
	database string // postgres://…
	trillian string // HOST:PORT of a trillian_log_server
	ca       string // file with the authorities of its certificate. Optional: no TLS
}

func (o clusterOptions) remote() (trillianlog.RemoteOptions, error) {
	out := trillianlog.RemoteOptions{Address: o.trillian}
	if o.ca != "" {
		tls, err := credentials.NewClientTLSFromFile(o.ca, "")
		if err != nil {
			return out, fmt.Errorf("--trillian-ca: %w", err)
		}
		out.Credentials = tls
	}
	return out, nil
}

// cluster is one front end's part in a cluster: it follows what all of them write, and
// leads when nobody else does.
type cluster struct {
	s       *service
	url     string
	rows    *store.Store
	remote  *trillianlog.Remote
	view    *tilewriter.Follower
	serving *store.Lock // says that a service runs
	turns   *turns
	since   int64         // the last change that was applied
	queued  chan struct{} // holds one token when Trillian may have entries
	leads   atomic.Bool
	elected atomic.Int64 // how often it began to lead
	logger  *slog.Logger
}

// openCluster opens what a front end has of a cluster: rows, log and tiles.
func (s *service) openCluster(ctx context.Context, o serveOptions, logger *slog.Logger) (err error) {
	if o.cluster.trillian == "" || o.cluster.database == "" {
		return errors.New("a cluster needs both: --trillian HOST:PORT, and --database postgres://… where the data folder does not say it")
	}
	c := &cluster{s: s, url: o.cluster.database, queued: make(chan struct{}, 1), turns: newTurns(), logger: logger}
	s.cluster = c
	if c.rows, err = store.OpenPostgres(ctx, c.url); errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("the database %w: %w", errNoData, err)
	} else if err != nil {
		return err
	}
	s.rows = c.rows
	// Who ends the log, or changes its policy, must be alone.
	hold := store.Serve
	if o.ending {
		hold = store.Alone
	}
	if c.serving, err = hold(ctx, c.url); err != nil {
		return err
	}
	return nil
}

// openTree connects to Trillian, and shows the tree as it is stored.
func (c *cluster) openTree(ctx context.Context, o serveOptions, treeID int64) (err error) {
	remote, err := o.cluster.remote()
	if err != nil {
		return err
	}
	remote.TreeID = treeID
	remote.Queued = func(ctx context.Context) {
		if err := c.rows.Queued(ctx); err != nil && ctx.Err() == nil {
			c.logger.WarnContext(ctx, "the leader was not told of an entry, and will look later", "error", err)
		}
	}
	if c.remote, err = trillianlog.OpenRemote(ctx, remote); err != nil {
		return err
	}
	c.s.log = remoteLog{c.remote}
	// What changes from here on is applied once the use cases have loaded.
	if c.since, err = c.rows.Change(ctx); err != nil {
		return err
	}
	c.view = tilewriter.NewFollower(c.rows.Tiles)
	c.s.tiles = c.view
	return c.rows.Follow(ctx, c.since, func(st store.State) error {
		_, _, err := c.view.Move(ctx, toTiles(st.Latest), st.Tiles)
		return err
	})
}

// remoteLog gives the use cases a log in other processes.
type remoteLog struct{ *trillianlog.Remote }

// Append says publish.ErrAway where Trillian does not answer.
func (l remoteLog) Append(ctx context.Context, entry []byte) (index uint64, duplicate bool, err error) {
	index, duplicate, err = l.Remote.Append(ctx, entry)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", publish.ErrAway, err)
	}
	return index, duplicate, err
}

// look applies what is new. The checkpoint comes last: what it covers is known by then.
func (c *cluster) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	return c.rows.Follow(ctx, c.since, func(st store.State) error {
		if err := c.s.uses.Apply(ctx, st.Changes); err != nil {
			return err
		}
		c.since = st.Change
		first, hashes, err := c.view.Move(ctx, toTiles(st.Latest), st.Tiles)
		if err != nil {
			return err
		}
		placed := make([][32]byte, len(hashes))
		for i, h := range hashes {
			placed[i] = h
		}
		c.remote.Integrated(first, placed)
		c.s.public.Kick()
		return c.s.public.Show(st.Public)
	})
}

const (
	lookTimeout = 20 * time.Second
	// idleLook is how often is looked without being told: a notification may be lost
	// with its connection.
	idleLook = time.Second
)

// follow looks whenever it is told to, until ctx ends.
func (c *cluster) follow(ctx context.Context) {
	tick := time.NewTicker(idleLook)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			c.turns.end(ctx.Err())
			return
		case <-c.turns.wanted:
		case <-tick.C:
		}
		err := c.turns.take(func() error { return c.look(ctx) })
		if err != nil && !failing && ctx.Err() == nil {
			c.logger.ErrorContext(ctx, "what others wrote cannot be followed; readers see the state before", "error", err)
		} else if err == nil && failing {
			c.logger.InfoContext(ctx, "following again", "entries", c.view.Latest().Size)
		}
		failing = err != nil
	}
}

// listen has the database wake this process, until ctx ends.
func (c *cluster) listen(ctx context.Context) {
	for {
		err := store.Listen(ctx, c.url, c.turns.ask, func() {
			select {
			case c.queued <- struct{}{}:
			default:
			}
		})
		if ctx.Err() != nil {
			return
		}
		c.logger.WarnContext(ctx, "not notified by the database for now", "error", err)
		if !pause(ctx, idleLook) {
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// freshTimeout bounds how long a request waits for what others wrote before it. Past
// it, it is answered from what is known: reading goes on without the database.
const freshTimeout = 2 * time.Second

// fresh has each request see what was acknowledged before it, by whichever front end.
// Tiles (see readTile) and scripts never change, and need no look.
func (c *cluster) fresh(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; !strings.Contains(p, "/tile/") && !strings.HasPrefix(p, "/static/") && p != "/healthz" {
			ctx, cancel := context.WithTimeout(r.Context(), freshTimeout)
			_ = c.turns.sync(ctx) // the follower logs why not
			cancel()
		}
		next.ServeHTTP(w, r)
	})
}

// readTile reads a tile. Of one that is not there yet, another front end may have shown
// the checkpoint already.
func (c *cluster) readTile(path string) ([]byte, error) {
	b, err := c.view.ReadTile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), freshTimeout)
	defer cancel()
	if c.turns.sync(ctx) != nil {
		return b, err
	}
	return c.view.ReadTile(path)
}

// drained returns when a checkpoint covers all that Trillian has integrated, and what
// front ends left unfinished is finished.
func (c *cluster) drained(ctx context.Context) error {
	if err := c.s.uses.Resume(ctx); err != nil {
		return err
	}
	size, _, err := c.remote.Root(ctx)
	if err != nil || size == 0 {
		return err
	}
	_, err = c.view.Cover(ctx, size-1)
	return err
}

// Close frees what run does not. The rows are the service's.
func (c *cluster) Close() error {
	if c.serving == nil {
		return nil
	}
	return c.serving.Close()
}
