package statement

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/log"
)

// maxFiles bounds what one release names.
const maxFiles = 256

// Release is the statement by which an operator says which files are genuine: the
// portable verifier, and programs. It is signed by the release key, and belongs to
// no chain.
type Release struct {
	Issued string  `json:"issued"` // the operator's claim of when it was signed, RFC 3339 UTC
	Log    LogName `json:"log"`
	Name   string  `json:"name"` // what is released, a line for people

	files []File // from the subjects
}

// File is a file by its name, without folders, and the SHA-256 of its bytes.
type File struct {
	Name   string
	SHA256 log.Digest
}

var fileName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$`) })

// NewRelease returns a release of these files, whose order does not matter.
func NewRelease(name, issued string, l LogName, files []File) *Release {
	r := &Release{Issued: issued, Log: l, Name: name, files: slices.Clone(files)}
	slices.SortFunc(r.files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// Files are what is released, by name.
func (r *Release) Files() []File { return slices.Clone(r.files) }

// Holds reports whether a file with this digest is released, and under which name.
func (r *Release) Holds(digest log.Digest) (name string, ok bool) {
	for _, f := range r.files {
		if f.SHA256 == digest {
			return f.Name, true
		}
	}
	return "", false
}

// EncodeRelease returns the statement's payload bytes, after checking every rule.
func EncodeRelease(r *Release) ([]byte, error) { return encode(r) }

// ParseRelease reads a payload; it accepts exactly what EncodeRelease writes.
func ParseRelease(payload []byte) (*Release, error) {
	w, err := parseWire(payload)
	if err != nil {
		return nil, err
	}
	if w.PredicateType != TypeRelease {
		return nil, fmt.Errorf("statement: predicate type %q, want %s", clip(w.PredicateType), TypeRelease)
	}
	r := new(Release)
	if err := jcs.Decode(w.Predicate, r); err != nil {
		return nil, fmt.Errorf("%s: %w", w.PredicateType, err)
	}
	for _, s := range w.Subject {
		d, err := log.ParseDigest("sha256:" + s.Digest.SHA256)
		if err != nil {
			return nil, fmt.Errorf("%s: subject %q: %w", w.PredicateType, clip(s.Name), err)
		}
		r.files = append(r.files, File{Name: s.Name, SHA256: d})
	}
	if err := roundTrip(r, payload); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Release) predicateType() string { return TypeRelease }

func (r *Release) subjects() []subject {
	out := make([]subject, len(r.files))
	for i, f := range r.files {
		out[i] = newSubject(f.Name, f.SHA256)
	}
	return out
}

func (r *Release) check() error {
	if err := r.Log.check(); err != nil {
		return err
	}
	if err := checkIssued(r.Issued); err != nil {
		return err
	}
	if err := checkLine("name", r.Name, maxReason); err != nil {
		return err
	}
	if r.Name == "" {
		return errors.New("name: empty: say what is released")
	}
	if len(r.files) == 0 || len(r.files) > maxFiles {
		return fmt.Errorf("%d files: want 1 to %d", len(r.files), maxFiles)
	}
	for i, f := range r.files {
		if !fileName().MatchString(f.Name) {
			return fmt.Errorf("file %q: want a name of letters, digits, '.', '_', '+' and '-', without a folder", clip(f.Name))
		}
		if f.SHA256.IsZero() {
			return fmt.Errorf("file %q: no digest", f.Name)
		}
		if i > 0 && r.files[i-1].Name >= f.Name {
			return fmt.Errorf("file %q: names are sorted, and each stands once", f.Name)
		}
	}
	return nil
}
