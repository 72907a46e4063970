package rollimport

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sijil/sijil/internal/durable"
	"github.com/sijil/sijil/log"
)

// progress says how far an import has come: everything before Offset is done.
type progress struct {
	File      log.Digest `json:"file"` // SHA-256 of the whole file
	Genesis   log.Digest `json:"genesis"`
	Change    string     `json:"change"`
	Version   int        `json:"version"`
	Offset    int64      `json:"offset"`
	Rows      int64      `json:"rows"`     // read
	Accepted  int64      `json:"accepted"` // of them, in batches
	Signed    int64      `json:"signed"`   // of those, with a signature
	Refused   int64      `json:"refused"`
	Errors    int64      `json:"errors"` // bytes of the file of errors
	Batches   []Done     `json:"batches"`
	Completed bool       `json:"completed"`
}

// Done is a batch that is in the log.
type Done struct {
	Number int64      `json:"number"`
	Record log.Digest `json:"record"`
	Index  int64      `json:"log_index"`
	Rows   int        `json:"rows"`
}

// pending is a batch that was signed and perhaps sent; then comes Next.
type pending struct {
	Body   log.Digest `json:"body"` // SHA-256 of the request's body, which stands beside it
	Record log.Digest `json:"record"`
	Number int64      `json:"number"`
	Next   progress   `json:"next"`
}

const progressFile = "progress.json"

// pendingFile and bodyFile are those of a batch, by its number.
func pendingFile(number int64) string { return fmt.Sprintf("pending-%d.json", number) }

func bodyFile(number int64) string { return fmt.Sprintf("pending-%d.jsonl", number) }

// journal keeps all of it in a folder. A batch is written there before it is sent, and is
// taken out once it is in the log: if we die in between, the same one is sent again, which
// the service takes once.
type journal struct{ dir string }

// load returns how far the import came, and the batches that wait, in their order. What is
// left of others it takes out.
func (j journal) load() (p progress, waits []pending, err error) {
	if err := j.read(progressFile, &p); err != nil {
		return p, nil, err
	}
	files, err := os.ReadDir(j.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, nil, err
	}
	var names []string
	wanted := map[string]bool{}
	for _, f := range files {
		name := f.Name()
		if !strings.HasPrefix(name, "pending-") {
			continue
		}
		names = append(names, name)
		if filepath.Ext(name) != ".json" {
			continue
		}
		var w pending
		if err := j.read(name, &w); err != nil {
			return p, nil, err
		}
		if w.Next.Offset > p.Offset {
			waits = append(waits, w)
			wanted[pendingFile(w.Number)], wanted[bodyFile(w.Number)] = true, true
		}
	}
	for _, name := range names {
		if !wanted[name] {
			if err := os.Remove(filepath.Join(j.dir, name)); err != nil {
				return p, nil, err
			}
		}
	}
	slices.SortFunc(waits, func(a, b pending) int { return cmp.Compare(a.Number, b.Number) })
	return p, waits, nil
}

// body reads the request's body of a batch that waits.
func (j journal) body(w pending) ([]byte, error) {
	body, err := os.ReadFile(filepath.Join(j.dir, bodyFile(w.Number)))
	if err == nil && log.Sum(body) != w.Body {
		err = fmt.Errorf("%s is not the body that %s names: the folder was changed by hand", bodyFile(w.Number), pendingFile(w.Number))
	}
	return body, err
}

// read leaves v as it is where there is no file.
func (j journal) read(name string, v any) error {
	b, err := os.ReadFile(filepath.Join(j.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(j.dir, name), err)
	}
	return nil
}

func (j journal) write(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(j.dir, name), append(b, '\n'), 0o600)
}

// put notes a batch before it is sent.
func (j journal) put(w pending, body []byte) error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(j.dir, bodyFile(w.Number)), body, 0o600); err != nil {
		return err
	}
	return j.write(pendingFile(w.Number), w)
}

// done notes how far the import has come.
func (j journal) done(p progress) error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	return j.write(progressFile, p)
}

// drop takes a batch out: it is done, or will never be sent. That one comes back after a
// loss of power is no harm: the service has it, or refuses it.
func (j journal) drop(number int64) error {
	for _, name := range []string{pendingFile(number), bodyFile(number)} { // never a note without its body
		if err := os.Remove(filepath.Join(j.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// digest reads a whole file.
func digest(f io.ReadSeeker) (log.Digest, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return log.Digest{}, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return log.Digest{}, err
	}
	return log.Digest(h.Sum(nil)), nil
}
