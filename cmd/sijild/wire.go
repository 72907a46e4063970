package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/api"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/files"
	"github.com/sijil/sijil/internal/metrics"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/quorum"
	"github.com/sijil/sijil/internal/site"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/tilewriter"
	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/internal/trilliansqlite"
	"github.com/sijil/sijil/internal/vault"
	"github.com/sijil/sijil/internal/witness"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// service is everything that runs, in the order in which it was opened.
type service struct {
	url     string
	key     *keys.LogKey
	signer  note.Signer
	frozen  *log.VerifiedFreeze // nil while the log goes on
	storage *trilliansqlite.Storage
	log     appender
	rows    *store.Store
	tiles   tree
	cluster *cluster // nil: the log is in the folder
	witness *witness.Collector
	public  *quorum.Public
	files   *extract.Reader
	uses    *publish.Service
	metrics *metrics.Metrics
	vault   *vault.Vault
	mail    net.Listener // nil: no mail is taken
	plain   http.Handler // without the metrics
	handler http.Handler

	end func() // ends what runs beside the requests, and waits for it
}

// appender is the log, in this process or elsewhere.
type appender interface {
	publish.Log
	Close() error
}

// tree is the log's tiles and checkpoints, in a folder or a table.
type tree interface {
	Latest() tilewriter.Checkpoint
	Cover(ctx context.Context, index uint64) (tilewriter.Checkpoint, error)
	Prove(index, size uint64) (tlog.RecordProof, error)
	Leaves(indexes []int64) ([]tlog.Hash, error)
	Consistency(old, size uint64) (tlog.TreeProof, error)
	ReadTile(path string) ([]byte, error)
	Room() error
	Close() error
}

// open wires the service.
func open(ctx context.Context, o serveOptions, logger *slog.Logger) (_ *service, err error) {
	s := &service{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.signer, s.key, err = loadLogKey(o.data, o.logKey); err != nil {
		return nil, err
	}
	if o.cluster.database == "" {
		if o.cluster.database, err = databaseOf(o.data); err != nil {
			return nil, err
		}
	}
	var trust *keys.Trust
	if o.cluster == (clusterOptions{}) {
		trust, err = s.openFolder(ctx, o, logger)
	} else {
		trust, err = s.openFrontEnd(ctx, o, logger)
	}
	if err != nil {
		return nil, err
	}
	if err := s.openPublic(ctx, trust.Policy(), o.clock(), logger); err != nil {
		return nil, err
	}
	s.files = files.New(context.WithoutCancel(ctx), files.Options{CacheDir: cacheFolder(o.data), Workers: 2})
	observer, err := loadObserver(o.data)
	if err != nil {
		return nil, err
	}
	if err := noteObserver(ctx, s.rows, observer.Public()); err != nil {
		return nil, err
	}
	observers, err := notedObservers(ctx, s.rows)
	if err != nil {
		return nil, err
	}
	tree := proofs{w: s.tiles, moved: s.public.Kick}
	c := publish.Config{Log: s.log, Tree: tree, Public: s.public.Checkpoint, Store: s.rows, Frozen: s.frozen, Door: o.door, Signer: s.signer, Trust: trust, Clock: o.clock(), Logger: logger, Files: s.files,
		Observer: observer, Observers: observers, Domains: newDomains(o), Passkeys: passkeys{passkeySite(s.url)}}
	if s.cluster != nil {
		c.CatchUp = s.cluster.turns.sync
	}
	if err := s.openMail(&c, o); err != nil {
		return nil, err
	}
	if s.uses, err = publish.Open(ctx, traced(o.traces, c)); err != nil {
		return nil, err
	}
	routes, err := s.routes(s.uses, o, logger)
	if err != nil {
		return nil, err
	}
	if s.cluster != nil {
		routes = s.cluster.fresh(routes)
	}
	s.plain = routes
	s.metrics = metrics.New(s.snapshot)
	s.handler = s.metrics.Watch(routes, requests(o.traces))
	s.run(ctx, o.mail, logger)
	return s, nil
}

// openFolder opens a log in the data folder. Its database comes first: that one's lock
// is what keeps a second process out.
func (s *service) openFolder(ctx context.Context, o serveOptions, logger *slog.Logger) (_ *keys.Trust, err error) {
	s.storage, err = trilliansqlite.Open(filepath.Join(o.data, trillianDir), trilliansqlite.Options{})
	if errors.Is(err, trilliansqlite.ErrNotFound) {
		return nil, fmt.Errorf("%s %w: %w", o.data, errNoData, err)
	}
	if err != nil {
		return nil, err
	}
	if s.rows, err = store.Open(ctx, o.data); err != nil {
		return nil, err
	}
	trust, treeID, err := s.settings(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.mayGoOn(ctx, o, trust.Policy(), logger); err != nil {
		return nil, err
	}
	l, err := trillianlog.Open(ctx, trillianlog.Options{Log: s.storage.LogStorage(), Admin: s.storage.AdminStorage(), TreeID: treeID, Clock: o.clock(), Logger: logger})
	if err != nil {
		return nil, err
	}
	s.log = l
	w, err := tilewriter.Open(ctx, tilewriter.Options{
		Dir: filepath.Join(o.data, tilesDir), Source: l, Checkpoints: checkpoints{s.rows}, Logger: logger, MinFree: o.minFree << 20, Sign: s.sign,
	})
	if err != nil {
		return nil, err
	}
	s.tiles = w
	// What Trillian integrated before a crash is covered before anybody asks.
	_, err = w.Advance(ctx)
	return trust, err
}

// openFrontEnd opens a log in a cluster.
func (s *service) openFrontEnd(ctx context.Context, o serveOptions, logger *slog.Logger) (*keys.Trust, error) {
	if err := s.openCluster(ctx, o, logger); err != nil {
		return nil, err
	}
	trust, treeID, err := s.settings(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.mayGoOn(ctx, o, trust.Policy(), logger); err != nil {
		return nil, err
	}
	return trust, s.cluster.openTree(ctx, o, treeID)
}

// sign makes the note of a tree, unless the log has ended.
func (s *service) sign(size uint64, root tlog.Hash) ([]byte, error) {
	if s.frozen != nil {
		return nil, errors.New("the log is frozen, and holds entries that its last statement does not know: nothing is signed any more")
	}
	return log.SignCheckpoint(s.signer, int64(size), root)
}

// cacheFolder is where compiled code is kept: with the user's other programs, or
// with the data of a user who has no home.
func cacheFolder(data string) string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "sijil")
	}
	return filepath.Join(data, "cache")
}

// openPublic prepares the checkpoint that readers are shown.
func (s *service) openPublic(ctx context.Context, p *keys.Policy, clock func() time.Time, logger *slog.Logger) (err error) {
	s.witness = witness.NewCollector(witness.Config{Policy: p, Clock: clock, Prove: func(old, new int64) (tlog.TreeProof, error) {
		return s.tiles.Consistency(uint64(old), uint64(new))
	}})
	s.public, err = quorum.Open(ctx, quorum.Config{
		Policy: p, Latest: proofs{w: s.tiles}.Latest, Store: s.rows, Clock: clock, Logger: logger,
		Collect: func(ctx context.Context, c publish.Checkpoint) ([]byte, error) { return s.witness.Collect(ctx, c.Note) },
	})
	return err
}

// run starts what runs beside the requests.
func (s *service) run(ctx context.Context, mail mailOptions, logger *slog.Logger) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	if s.cluster == nil {
		running.Go(func() { s.public.Run(ctx) })
		running.Go(func() { s.recheck(ctx) })
	} else {
		running.Go(func() { s.cluster.follow(ctx) })
		running.Go(func() { s.cluster.listen(ctx) })
		running.Go(func() { s.cluster.elect(ctx) })
	}
	if s.mail != nil {
		running.Go(func() { s.runMail(ctx, s.mail, mail, logger) })
	}
	s.end = func() {
		cancel()
		running.Wait()
	}
}

// recheck asks domains again, each once a day, and lets old mails go.
func (s *service) recheck(ctx context.Context) {
	for tick := time.NewTicker(10 * time.Minute); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			if looked, failed := s.uses.RecheckDomains(ctx); looked > 0 {
				s.uses.Logger.InfoContext(ctx, "domains asked again", "asked", looked, "failed", failed)
			}
			if s.vault == nil {
				continue
			}
			if _, err := s.vault.Expire(time.Now()); err != nil {
				s.uses.Logger.WarnContext(ctx, "old mails could not be removed", "error", err)
			}
		}
	}
}

func (s *service) routes(p *publish.Service, o serveOptions, logger *slog.Logger) (http.Handler, error) {
	evidence := newPacker(p, func() http.Handler { return s.plain })
	pages, err := site.New(site.Config{
		Service: p, Invitations: p, BaseURL: s.url, Frozen: s.frozen, Logger: logger, Pack: evidence.pack, Fetch: fetcher(o.fetch),
		Archive: scripts{filepath.Join(o.data, scriptsDir)},
		Log:     pagesLog{policy: p.Trust.Policy(), tiles: s.tiles, public: s.public.Checkpoint},
	})
	if err != nil {
		return nil, err
	}
	limits := api.DefaultLimits()
	if o.noLimits {
		limits = api.NoLimits()
	}
	tiles := s.tiles.ReadTile
	if s.cluster != nil {
		tiles = s.cluster.readTile
	}
	return api.New(api.Config{Service: p, Tiles: tiles, Ready: s.ready, Site: pages, Logger: logger, Limits: limits})
}

// settings reads what init wrote, and holds it against the log key.
func (s *service) settings(ctx context.Context) (*keys.Trust, int64, error) {
	var err error
	if s.url, err = s.rows.Setting(ctx, settingURL); err != nil {
		return nil, 0, err
	}
	text, err := s.rows.Setting(ctx, settingTree)
	if err != nil {
		return nil, 0, err
	}
	tree, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("setting %q: %w", settingTree, err)
	}
	text, err = s.rows.Setting(ctx, settingCreated)
	if err != nil {
		return nil, 0, err
	}
	created, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, 0, fmt.Errorf("setting %q: %w", settingCreated, err)
	}
	if text, err = s.rows.Setting(ctx, settingKey); err != nil {
		return nil, 0, err
	}
	if text != s.key.ID().String() {
		return nil, 0, fmt.Errorf("the log key is %s, this log's is %s: a new key is a new log", s.key.ID(), text)
	}
	policy, err := s.policy(ctx)
	if err != nil {
		return nil, 0, err
	}
	if err := s.readFrozen(ctx, policy); err != nil {
		return nil, 0, err
	}
	trust, err := keys.NewTrust(s.url, created, policy)
	if err != nil {
		return nil, 0, err
	}
	trust, err = withReleaseKey(ctx, s.rows, trust)
	return trust, tree, err
}

// policy reads the witness policy, which must be this log's.
func (s *service) policy(ctx context.Context) (*keys.Policy, error) {
	text, err := s.rows.Setting(ctx, settingPolicy)
	if err != nil {
		return nil, err
	}
	p, err := keys.ParsePolicy(text)
	if err == nil && p.Log().ID() != s.key.ID() {
		err = errors.New("is for another log")
	}
	if err != nil {
		return nil, fmt.Errorf("setting %q: %w", settingPolicy, err)
	}
	return p, nil
}

// readFrozen reads the statement by which the log ended, if it did.
func (s *service) readFrozen(ctx context.Context, p *keys.Policy) error {
	text, err := s.rows.Setting(ctx, settingFrozen)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.frozen, err = log.OpenFreeze([]byte(text), p); err != nil {
		return fmt.Errorf("setting %q: %w", settingFrozen, err)
	}
	return nil
}

// Close closes what was opened, the lock last.
func (s *service) Close() error {
	var errs []error
	if s.end != nil {
		s.end()
	}
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	if s.tiles != nil {
		errs = append(errs, s.tiles.Close())
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Close())
	}
	if s.rows != nil {
		errs = append(errs, s.rows.Close())
	}
	if s.storage != nil {
		errs = append(errs, s.storage.Close())
	}
	return errors.Join(errs...)
}
