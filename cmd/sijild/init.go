package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/internal/trilliansqlite"
	"github.com/sijil/sijil/keys"
)

// Names in the data folder.
const (
	logKeyFile      = "log.key"
	observerKeyFile = "observer.key"
	trillianDir     = "trillian"
	tilesDir        = "tiles"
)

// Settings that init writes.
const (
	settingURL     = "url"
	settingTree    = "tree"
	settingCreated = "created"
	settingKey     = "key"    // the log key's ID
	settingPolicy  = "policy" // the witness policy
	settingFrozen  = "frozen" // the log's statement that it has ended; absent before
)

var errNoData = errors.New("holds no log")

type initOptions struct {
	data, url, logKey string
	cluster           clusterOptions
}

func (o initOptions) logKeyPath() string {
	if o.logKey != "" {
		return o.logKey
	}
	return filepath.Join(o.data, logKeyFile)
}

// initialise builds the data folder under another name and renames it when it is
// whole. If we die before the rename, a folder named DATA.new-… is left that
// nobody uses, and nothing else.
func initialise(ctx context.Context, o initOptions) (*keys.LogKey, error) {
	origin, err := keys.OriginOf(o.url)
	if err != nil {
		return nil, err
	}
	data := filepath.Clean(o.data)
	if err := absentOrEmpty(data); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(data), 0o755); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(data), filepath.Base(data)+".new-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	skey, key, err := keys.GenerateLogKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	build := buildData
	if o.cluster != (clusterOptions{}) {
		build = o.cluster.build
	}
	if err := build(ctx, temp, strings.TrimSuffix(o.url, "/"), key); err != nil {
		return nil, err
	}
	keyPath := o.logKey
	if keyPath == "" {
		keyPath = filepath.Join(temp, logKeyFile)
	}
	if err := createSecret(keyPath, []byte(skey+"\n")); err != nil {
		return nil, err
	}
	if err := os.Remove(data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return key, os.Rename(temp, data)
}

func absentOrEmpty(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(list) > 0 {
		return fmt.Errorf("%s is not empty: init makes a new log only in a folder of its own", dir)
	}
	return nil
}

func buildData(ctx context.Context, dir, url string, key *keys.LogKey) error {
	if err := os.Mkdir(filepath.Join(dir, trillianDir), 0o700); err != nil {
		return err
	}
	s, err := trilliansqlite.Create(filepath.Join(dir, trillianDir), trilliansqlite.Options{})
	if err != nil {
		return err
	}
	tree, err := trillianlog.Create(ctx, s.LogStorage(), s.AdminStorage())
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if err := store.Create(dir); err != nil {
		return err
	}
	rows, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	if err = errors.Join(putSettings(ctx, rows, url, tree, key), rows.Close()); err != nil {
		return err
	}
	return createObserverKey(filepath.Join(dir, observerKeyFile))
}

func putSettings(ctx context.Context, rows *store.Store, url string, tree int64, key *keys.LogKey) error {
	return rows.PutSettings(ctx, map[string]string{
		settingURL: url, settingTree: strconv.FormatInt(tree, 10), settingKey: key.ID().String(), settingPolicy: keys.NewPolicy(key).String(), settingCreated: time.Now().UTC().Truncate(time.Second).Format(time.RFC3339),
	})
}

// build makes a log for a cluster. If we die before the settings are in, the tables
// are there and hold no log: drop them.
func (o clusterOptions) build(ctx context.Context, dir, url string, key *keys.LogKey) error {
	if o.trillian == "" || o.database == "" {
		return errors.New("a cluster needs both --trillian and --database")
	}
	remote, err := o.remote()
	if err != nil {
		return err
	}
	if err := store.CreatePostgres(ctx, o.database); err != nil {
		return err
	}
	tree, err := trillianlog.CreateRemote(ctx, remote)
	if err != nil {
		return err
	}
	rows, err := store.OpenPostgres(ctx, o.database)
	if err != nil {
		return err
	}
	if err = errors.Join(putSettings(ctx, rows, url, tree, key), rows.Close()); err != nil {
		return err
	}
	if err := createSecret(filepath.Join(dir, databaseFile), []byte(o.database+"\n")); err != nil {
		return err
	}
	return createObserverKey(filepath.Join(dir, observerKeyFile))
}

// createObserverKey makes the key under which the service will log what it
// itself saw: ECDSA P-256, PKCS #8.
func createObserverKey(path string) error {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return err
	}
	return createSecret(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func createSecret(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

func loadLogKey(data, path string) (note.Signer, *keys.LogKey, error) {
	if path == "" {
		path = filepath.Join(data, logKeyFile)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s %w: there is no log key %s", data, errNoData, path)
	}
	if err != nil {
		return nil, nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, nil, fmt.Errorf("%s can be read by others (mode %v): chmod 600 it", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	return keys.LoadLogSigner(string(b))
}
