package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/api"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/site"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/tilewriter"
	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/internal/trilliansqlite"
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
	log     *trillianlog.Log
	rows    *store.Store
	tiles   *tilewriter.Writer
	handler http.Handler
}

// open wires the service. The log database comes first: its lock is what keeps
// a second process out.
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
	trust, tree, err := s.settings(ctx)
	if err != nil {
		return nil, err
	}
	s.log, err = trillianlog.Open(ctx, trillianlog.Options{Log: s.storage.LogStorage(), Admin: s.storage.AdminStorage(), TreeID: tree, Clock: time.Now, Logger: logger})
	if err != nil {
		return nil, err
	}
	s.tiles, err = tilewriter.Open(ctx, tilewriter.Options{
		Dir: filepath.Join(o.data, tilesDir), Source: s.log, Checkpoints: checkpoints{s.rows}, Logger: logger, MinFree: o.minFree << 20,
		Sign: func(size uint64, root tlog.Hash) ([]byte, error) {
			if s.frozen != nil {
				return nil, errors.New("the log is frozen, and holds entries that its last statement does not know: nothing is signed any more")
			}
			return log.SignCheckpoint(s.signer, int64(size), root)
		},
	})
	if err != nil {
		return nil, err
	}
	// What Trillian integrated before a crash is covered before anybody asks.
	if _, err := s.tiles.Advance(ctx); err != nil {
		return nil, err
	}
	service, err := publish.Open(ctx, publish.Config{Log: s.log, Tree: proofs{s.tiles}, Public: proofs{s.tiles}.Latest, Store: s.rows, Frozen: s.frozen, Signer: s.signer, Trust: trust, Clock: time.Now, Logger: logger})
	if err != nil {
		return nil, err
	}
	s.handler, err = s.routes(service, o, logger)
	return s, err
}

func (s *service) routes(p *publish.Service, o serveOptions, logger *slog.Logger) (http.Handler, error) {
	pages, err := site.New(site.Config{Service: p, BaseURL: s.url, Logger: logger})
	if err != nil {
		return nil, err
	}
	limits := api.DefaultLimits()
	if o.noLimits {
		limits = api.NoLimits()
	}
	return api.New(api.Config{Service: p, Tiles: s.tiles.ReadTile, Ready: p.Ready, Site: pages, Logger: logger, Limits: limits})
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
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	if s.tiles != nil {
		errs = append(errs, s.tiles.Close())
	}
	if s.rows != nil {
		errs = append(errs, s.rows.Close())
	}
	if s.storage != nil {
		errs = append(errs, s.storage.Close())
	}
	return errors.Join(errs...)
}

// proofs gives the use cases the tiles as their Tree.
type proofs struct{ w *tilewriter.Writer }

func (t proofs) Cover(ctx context.Context, index uint64) (publish.Checkpoint, error) {
	c, err := t.w.Cover(ctx, index)
	return toPublish(c), err
}

func (t proofs) Latest() publish.Checkpoint { return toPublish(t.w.Latest()) }

func (t proofs) Prove(index, size int64) (tlog.RecordProof, error) {
	return t.w.Prove(uint64(index), uint64(size))
}

func (t proofs) Room() error {
	if err := t.w.Room(); errors.Is(err, tilewriter.ErrDiskFull) {
		return fmt.Errorf("%w: %w", publish.ErrFull, err)
	} else if err != nil {
		return err
	}
	return nil
}

// checkpoints gives the tile writer our rows as its CheckpointStore.
type checkpoints struct{ rows *store.Store }

func (c checkpoints) Last(ctx context.Context) (tilewriter.Checkpoint, error) {
	last, err := c.rows.LastCheckpoint(ctx)
	return toTiles(last), err
}

func (c checkpoints) Swap(ctx context.Context, old, new tilewriter.Checkpoint) error {
	err := c.rows.SwapCheckpoint(ctx, toPublish(old), toPublish(new))
	if errors.Is(err, store.ErrConflict) {
		return tilewriter.ErrConflict
	}
	return err
}

func toPublish(c tilewriter.Checkpoint) publish.Checkpoint {
	return publish.Checkpoint{Size: int64(c.Size), Root: c.Root, Note: c.Note}
}

func toTiles(c publish.Checkpoint) tilewriter.Checkpoint {
	return tilewriter.Checkpoint{Size: uint64(c.Size), Root: c.Root, Note: c.Note}
}
