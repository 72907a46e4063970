package witness

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/durable"
	"github.com/sijil/sijil/internal/flock"
)

// Folder is what a witness keeps:
//
//	witness.key       its secret key (0600)
//	lock              held by the one process that serves
//	logs/<x>.log      the verifier key of a log it follows; <x> is the SHA-256 of its origin
//	logs/<x>.last     the checkpoint it cosigned last
//	proofs/           pairs of checkpoints that prove that a log misbehaved
//
// Losing a .last file would let a log fork: restore no old copy of this folder,
// make a new witness instead.
type Folder struct {
	dir  string
	key  string // signer key
	lock *os.File

	mu   sync.RWMutex
	logs map[string]*followed // by origin
}

// followed is a log that the witness follows.
type followed struct {
	origin   string
	verifier note.Verifier

	mu   sync.Mutex
	last tlog.Tree // cosigned last
	note []byte    // its checkpoint; nil before the first
}

// Followed is a log and the tree that was cosigned last, for people.
type Followed struct {
	Origin string
	Size   int64
}

const (
	keyFile   = "witness.key"
	logsDir   = "logs"
	proofsDir = "proofs"
)

// Create makes a new witness's folder and returns its verifier key. If we die in
// it, the folder has no key yet, and Create can be called again.
func Create(dir, name string) (vkey string, err error) {
	if err := os.MkdirAll(filepath.Join(dir, logsDir), 0o755); err != nil {
		return "", err
	}
	skey, plain, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", fmt.Errorf("name %q: want one without spaces and plus signs: %w", name, err)
	}
	if vkey, err = cosignature.VKeyToCosignatureV1(plain); err != nil {
		return "", err
	}
	f, err := os.OpenFile(filepath.Join(dir, keyFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("%s holds a witness already", dir)
	}
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(skey + "\n")
	return vkey, errors.Join(err, f.Sync(), f.Close())
}

// OpenFolder reads a witness's folder. With lock it refuses one that another
// process serves.
func OpenFolder(dir string, lock bool) (*Folder, error) {
	f := &Folder{dir: dir, logs: map[string]*followed{}}
	path := filepath.Join(dir, keyFile)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s holds no witness: %w", dir, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %v): chmod 600 it", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f.key = strings.TrimSuffix(string(b), "\n")
	if lock {
		if f.lock, err = flock.Lock(filepath.Join(dir, "lock")); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
	}
	if err := f.load(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Close frees the folder.
func (f *Folder) Close() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Close()
}

// Key is the verifier key by which a policy names this witness.
func (f *Folder) Key() (string, error) {
	s, err := note.NewSigner(f.key)
	if err != nil {
		return "", fmt.Errorf("witness key: %w", err)
	}
	return verifierKey(f.key, s.Name())
}

// Follow adds a log by its verifier key. A serving process takes it up when it
// starts again.
func (f *Folder) Follow(vkey string) (origin string, err error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return "", fmt.Errorf("log key: want a verifier key such as `sijild fingerprint` prints: %w", err)
	}
	if old := f.find(v.Name()); old != nil {
		return v.Name(), fmt.Errorf("the log %s is followed already; a log never changes its key: a new key is a new log, with a name of its own", v.Name())
	}
	return v.Name(), durable.Replace(f.logPath(v.Name(), ".log"), []byte(vkey+"\n"), 0o644)
}

// Logs lists the logs that are followed, by origin.
func (f *Folder) Logs() []Followed {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var out []Followed
	for _, l := range f.logs {
		l.mu.Lock()
		out = append(out, Followed{l.origin, l.last.N})
		l.mu.Unlock()
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Origin < out[j].Origin })
	return out
}

func (f *Folder) find(origin string) *followed {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.logs[origin]
}

func (f *Folder) load() error {
	list, err := os.ReadDir(filepath.Join(f.dir, logsDir))
	if err != nil {
		return err
	}
	for _, e := range list {
		if filepath.Ext(e.Name()) != ".log" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(f.dir, logsDir, e.Name()))
		if err != nil {
			return err
		}
		v, err := note.NewVerifier(strings.TrimSuffix(string(b), "\n"))
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
		l := &followed{origin: v.Name(), verifier: v}
		if l.note, err = os.ReadFile(f.logPath(l.origin, ".last")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if l.note != nil {
			if l.last, err = openLast(l); err != nil {
				return fmt.Errorf("the checkpoint of %s that was cosigned last is damaged; nothing is cosigned: %w", l.origin, err)
			}
		}
		f.logs[l.origin] = l
	}
	return nil
}

func openLast(l *followed) (tlog.Tree, error) {
	n, err := note.Open(l.note, note.VerifierList(l.verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	return parseTree(n.Text, l.origin)
}

// store makes a checkpoint the last one, durably. The caller holds l.mu.
func (f *Folder) store(l *followed, checkpoint []byte, t tlog.Tree) error {
	if t == l.last && l.note != nil {
		return nil
	}
	if err := durable.Replace(f.logPath(l.origin, ".last"), checkpoint, 0o644); err != nil {
		return err
	}
	l.note, l.last = checkpoint, t
	return nil
}

// keep writes the last checkpoint and one that contradicts it into a file.
func (f *Folder) keep(l *followed, checkpoint []byte) (string, error) {
	dir := filepath.Join(f.dir, proofsDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	sum := sha256.Sum256(checkpoint)
	path := filepath.Join(dir, hex.EncodeToString(sum[:8])+".txt")
	return path, durable.Replace(path, append(append([]byte(nil), l.note...), append([]byte("\n"), checkpoint...)...), 0o644)
}

func (f *Folder) logPath(origin, ext string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(f.dir, logsDir, hex.EncodeToString(sum[:])+ext)
}
