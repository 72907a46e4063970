package rollimport

import (
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Columns of the file, by what a batch does. Of an addition a row has a name, or a
// disclosure that was made before.
var columns = map[string][]string{
	statement.BatchAdd:      {"name", "kind", "language", "role", "country", "domain", "disclosure", "bundle", "key"},
	statement.BatchWithdraw: {"commitment", "disclosure"},
	statement.BatchWithhold: {"commitment", "disclosure"},
}

// chunkBytes is how much of the file makes one batch at most, beside the number of rows.
const chunkBytes = 6 << 20

// reader cuts the file into chunks.
type reader struct {
	csv    *csv.Reader
	base   int64 // of the csv reader in the file
	column map[string]int
	row    int64 // rows read, the heading not counted
	most   int   // rows of a chunk
}

// record is a row as it stands in the file.
type record struct {
	row    int64 // from 1, the heading not counted
	fields []string
	err    error
}

// newReader reads the heading, and goes on from an offset after it, or from there.
func newReader(file io.ReadSeeker, change string, offset, row int64) (*reader, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	head := csv.NewReader(file)
	names, err := head.Read()
	if err != nil {
		return nil, fmt.Errorf("the heading cannot be read: %w", err)
	}
	r := &reader{column: map[string]int{}, row: row, base: max(offset, head.InputOffset())}
	for i, name := range names {
		name = strings.TrimPrefix(name, "\uFEFF")
		if !known(change, name) {
			return nil, fmt.Errorf("the heading has the column %q; the columns are %s", name, strings.Join(columns[change], ", "))
		}
		if _, twice := r.column[name]; twice {
			return nil, fmt.Errorf("the heading has the column %q twice", name)
		}
		r.column[name] = i
	}
	if _, err := file.Seek(r.base, io.SeekStart); err != nil {
		return nil, err
	}
	r.csv = csv.NewReader(file)
	r.csv.FieldsPerRecord = len(names)
	return r, nil
}

func known(change, name string) bool {
	for _, c := range columns[change] {
		if c == name {
			return true
		}
	}
	return false
}

// next reads a chunk and where the next one begins; none at the end of the file.
func (r *reader) next() (list []record, offset int64, err error) {
	begun := r.csv.InputOffset()
	for len(list) < r.most && r.csv.InputOffset()-begun < chunkBytes {
		fields, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if err != nil && !errors.As(err, &bad) {
			return nil, 0, err
		}
		r.row++
		x := record{row: r.row, fields: fields}
		if bad != nil {
			x.err = bad.Err
		}
		list = append(list, x)
	}
	return list, r.base + r.csv.InputOffset(), nil
}

func (r *reader) field(x record, name string) string {
	if i, ok := r.column[name]; ok && i < len(x.fields) {
		return x.fields[i]
	}
	return ""
}

// added makes the row of an addition, and verifies it.
func (r *reader) added(x record, p roll.Place, rand io.Reader) (*roll.Endorser, error) {
	if x.err != nil {
		return nil, x.err
	}
	says := signatory.Signatory{Name: r.field(x, "name"), Kind: signatory.Kind(r.field(x, "kind")), Language: r.field(x, "language"),
		Role: r.field(x, "role"), Country: r.field(x, "country"), Domain: r.field(x, "domain")}
	given, bundle, key := signatory.Disclosure(r.field(x, "disclosure")), r.field(x, "bundle"), r.field(x, "key")
	switch {
	case (bundle == "") != (key == ""):
		return nil, errors.New("bundle, key: want both, or neither")
	case given == "" && bundle != "":
		return nil, errors.New("disclosure: a row with a bundle has the one that was signed for")
	case given == "":
		return fresh(says, p, rand)
	}
	e, err := opened(given, bundle, key, p)
	if err != nil {
		return nil, err
	}
	if says.Kind == "" {
		says.Kind = e.Signatory.Kind
	}
	if says != (signatory.Signatory{Kind: e.Signatory.Kind}) && says != e.Signatory {
		return nil, errors.New("disclosure: says something else than the row's other columns")
	}
	return e, nil
}

// fresh is the row of somebody to whom a disclosure with a new salt is given.
func fresh(s signatory.Signatory, p roll.Place, rand io.Reader) (*roll.Endorser, error) {
	if s.Kind == "" {
		s.Kind = signatory.Person
	}
	salt, err := signatory.NewSalt(rand)
	if err != nil {
		return nil, err
	}
	d, err := signatory.Disclose(s, salt)
	if err != nil {
		return nil, err
	}
	return roll.Row{Disclosure: d}.Open(p)
}

// opened is the row of a disclosure that was made before, and of what was signed for it, if
// anything was.
func opened(d signatory.Disclosure, bundle, key string, p roll.Place) (*roll.Endorser, error) {
	if bundle == "" {
		return roll.Row{Disclosure: d}.Open(p)
	}
	spki, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return nil, errors.New("key: want base64 of a DER SubjectPublicKeyInfo")
	}
	data := []byte(bundle)
	if !strings.HasPrefix(bundle, "{") {
		if data, err = base64.StdEncoding.DecodeString(bundle); err != nil {
			return nil, errors.New("bundle: want a Sigstore bundle, as JSON or in base64")
		}
	}
	return roll.OpenBundle(d, data, spki, p)
}

// entry is the commitment of a row that is withdrawn or withheld.
func (r *reader) entry(x record) (log.Digest, error) {
	if x.err != nil {
		return log.Digest{}, x.err
	}
	given, disclosure := r.field(x, "commitment"), r.field(x, "disclosure")
	if disclosure != "" {
		d, _, _, err := signatory.ParseDisclosure(disclosure)
		if err != nil {
			return log.Digest{}, err
		}
		if given != "" && given != d.Digest() {
			return log.Digest{}, errors.New("commitment: is not that of the disclosure")
		}
		given = d.Digest()
	}
	return roll.ParseCommitment(given)
}

// item is a row that was made ready, or what is wrong with it.
type item struct {
	record
	endorser *roll.Endorser
	entry    log.Digest
}

// prepare makes a chunk ready, on all processors.
func (r *reader) prepare(list []record, change string, p roll.Place, rand io.Reader) []item {
	out := make([]item, len(list))
	var next atomic.Int64
	var running sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(list); i = int(next.Add(1)) - 1 {
				out[i].record = list[i]
				if change == statement.BatchAdd {
					if out[i].endorser, out[i].err = r.added(list[i], p, rand); out[i].err == nil {
						out[i].entry = out[i].endorser.Commitment
					}
				} else {
					out[i].entry, out[i].err = r.entry(list[i])
				}
				out[i].fields = nil
			}
		})
	}
	running.Wait()
	seen := make(map[log.Digest]bool, len(out))
	for i := range out {
		if out[i].err == nil && seen[out[i].entry] {
			out[i].err = errors.New("the entry stands in the file twice")
		}
		seen[out[i].entry] = true
	}
	return out
}
