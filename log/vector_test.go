package log_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
)

// readVectors reads a file of docs/testvectors/log, which the browser's verifier
// is held to as well.
func readVectors(t testing.TB, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "docs", "testvectors", "log", name))
	check(t, err)
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	check(t, dec.Decode(v))
}

type refused struct{ Name, Entry, Text, Says string }

type entryVectors struct {
	Digest    log.Digest
	Signature []byte
	Key       []byte
	Entry     string
	LeafHash  string `json:"leaf_hash"`
	Refused   []refused
}

func TestEntryVectors(t *testing.T) {
	var v entryVectors
	readVectors(t, "entry.json", &v)
	e := log.Entry{Digest: v.Digest, Signature: v.Signature, Key: v.Key}
	got, err := e.Marshal()
	if err != nil || string(got) != v.Entry {
		t.Fatalf("Marshal = %s, %v\nwant %s", got, err, v.Entry)
	}
	check(t, e.Verify())
	parsed, err := log.ParseEntry([]byte(v.Entry))
	check(t, err)
	if parsed.Digest != e.Digest || !bytes.Equal(parsed.Signature, e.Signature) || !bytes.Equal(parsed.Key, e.Key) {
		t.Errorf("ParseEntry = %+v", parsed)
	}
	if leaf := log.LeafHash(got); log.Digest(leaf).Hex() != v.LeafHash {
		t.Errorf("leaf hash %x, want %s", leaf, v.LeafHash)
	}
	if len(v.Refused) < 30 {
		t.Errorf("only %d refused entries", len(v.Refused))
	}
	for _, r := range v.Refused {
		if e, err := log.ParseEntry([]byte(r.Entry)); err == nil || !strings.Contains(err.Error(), r.Says) {
			t.Errorf("%s: ParseEntry = %+v, %v, want …%s…", r.Name, e, err, r.Says)
		}
	}
}

type noteVectors struct {
	Origin   string
	Accepted []struct {
		Name, Text, Root string
		Genesis, Record  log.Digest
		Index, Size      int64 `json:",string"`
	}
	Refused []refused
	Pairs   []struct {
		Name     string
		A, B     pairHead
		Conflict bool
	}
}

type pairHead struct {
	Record      log.Digest
	Index, Size int64
}

func (p pairHead) head() log.Head {
	return log.Head{Origin: "sijil.example", Genesis: log.Sum(nil), Record: p.Record, Index: p.Index, TreeSize: p.Size}
}

// signed signs any text, as a log that lies could.
func signed(t *testing.T, s note.Signer, text string) []byte {
	t.Helper()
	if !strings.HasSuffix(text, "\n") {
		// note.Sign wants whole lines; a note cannot hold such a text at all.
		return []byte(text)
	}
	b, err := note.Sign(&note.Note{Text: text}, s)
	check(t, err)
	return b
}

func TestCheckpointVectors(t *testing.T) {
	var v noteVectors
	readVectors(t, "checkpoint.json", &v)
	l := logtest.New(t, "https://"+v.Origin)
	for _, a := range v.Accepted {
		note := signed(t, l.Signer, a.Text)
		c, err := log.OpenCheckpoint(note, l.Policy)
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
			continue
		}
		root := c.Root()
		if c.Size() != a.Size || base64.StdEncoding.EncodeToString(root[:]) != a.Root || c.Origin() != v.Origin || c.Witnesses() != 0 || !bytes.Equal(c.Note(), note) {
			t.Errorf("%s: %d %x %s", a.Name, c.Size(), root, c.Origin())
		}
		again, err := log.SignCheckpoint(l.Signer, c.Size(), c.Root())
		if err != nil || !bytes.Equal(again, note) {
			t.Errorf("%s: signed again it is %q, %v", a.Name, again, err)
		}
	}
	for _, r := range v.Refused {
		if c, err := log.OpenCheckpoint(signed(t, l.Signer, r.Text), l.Policy); c != nil || err == nil || !strings.Contains(err.Error(), r.Says) && strings.HasSuffix(r.Text, "\n") {
			t.Errorf("%s: OpenCheckpoint = %v, %v, want …%s…", r.Name, c, err, r.Says)
		}
	}
	if len(v.Accepted) < 3 || len(v.Refused) < 20 {
		t.Errorf("%d accepted, %d refused", len(v.Accepted), len(v.Refused))
	}
}

func TestHeadVectors(t *testing.T) {
	var v noteVectors
	readVectors(t, "head.json", &v)
	l := logtest.New(t, "https://"+v.Origin)
	for _, a := range v.Accepted {
		note := signed(t, l.Signer, a.Text)
		h, err := log.OpenHead(note, l.Policy)
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
			continue
		}
		want := log.Head{Origin: v.Origin, Genesis: a.Genesis, Record: a.Record, Index: a.Index, TreeSize: a.Size}
		if h.Head() != want || h.Head().Text() != a.Text || !bytes.Equal(h.Note(), note) {
			t.Errorf("%s: %+v", a.Name, h.Head())
		}
		again, err := log.SignHead(l.Signer, want)
		if err != nil || !bytes.Equal(again, note) {
			t.Errorf("%s: signed again it is %q, %v", a.Name, again, err)
		}
	}
	for _, r := range v.Refused {
		if h, err := log.OpenHead(signed(t, l.Signer, r.Text), l.Policy); h != nil || err == nil || !strings.Contains(err.Error(), r.Says) && strings.HasSuffix(r.Text, "\n") {
			t.Errorf("%s: OpenHead = %v, %v, want …%s…", r.Name, h, err, r.Says)
		}
	}
	for _, p := range v.Pairs {
		a, b := p.A.head(), p.B.head()
		if a.Conflicts(b) != p.Conflict || b.Conflicts(a) != p.Conflict {
			t.Errorf("%s: %v and %v, want %v", p.Name, a.Conflicts(b), b.Conflicts(a), p.Conflict)
		}
		b.Genesis = log.Sum([]byte("another publication"))
		c := p.B.head()
		c.Origin = "other.example"
		if a.Conflicts(b) || a.Conflicts(c) {
			t.Errorf("%s: conflicts with another publication's or log's", p.Name)
		}
	}
	if len(v.Accepted) < 3 || len(v.Refused) < 25 || len(v.Pairs) < 12 {
		t.Errorf("%d accepted, %d refused, %d pairs", len(v.Accepted), len(v.Refused), len(v.Pairs))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
