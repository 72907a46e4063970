package log_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// stranger makes a note key that no policy names.
func stranger(t *testing.T, name string) note.Signer {
	t.Helper()
	skey, _, err := note.GenerateKey(rand.Reader, name)
	check(t, err)
	s, err := note.NewSigner(skey)
	check(t, err)
	return s
}

// TestStrangersDoNotCount: cosignature lines by unknown keys may stand on a note,
// valid or not, and count for nothing; they never stand in for the log's.
func TestStrangersDoNotCount(t *testing.T) {
	l := logtest.New(t, "https://sijil.example")
	l.Append([]byte("entry"))
	witness, namesake := stranger(t, "witness.example"), stranger(t, "sijil.example")
	checkpoint := log.CheckpointText("sijil.example", 1, l.Root(1))
	head := log.Head{Origin: "sijil.example", Genesis: log.Sum(nil), Record: log.Sum(nil), TreeSize: 1}.Text()
	for name, c := range map[string]struct {
		signers []note.Signer
		extra   string
		refused string
	}{
		"the log alone":            {signers: []note.Signer{l.Signer}},
		"a stranger's cosignature": {signers: []note.Signer{l.Signer, witness}},
		"a stranger's line first":  {signers: []note.Signer{witness, l.Signer}},
		"a stranger of its name":   {signers: []note.Signer{l.Signer, namesake}},
		"a cosignature of noise":   {signers: []note.Signer{l.Signer}, extra: "— noise.example AAAAAAAAAAAA\n"},
		"the log twice":            {signers: []note.Signer{l.Signer}, extra: "again"},
		"a stranger alone":         {signers: []note.Signer{witness}, refused: "not"},
		"its namesake alone":       {signers: []note.Signer{namesake}, refused: "not"},
		"nobody":                   {refused: "malformed note"},
		"a line that is none":      {signers: []note.Signer{l.Signer}, extra: "noise.example AAAAAAAAAAAA\n", refused: "malformed note"},
	} {
		for kind, text := range map[string]string{"checkpoint": checkpoint, "head": head} {
			b, err := note.Sign(&note.Note{Text: text}, c.signers...)
			check(t, err)
			if c.extra == "again" {
				b = append(b, b[len(text)+1:]...)
			} else {
				b = append(b, c.extra...)
			}
			if kind == "checkpoint" {
				var got *log.Checkpoint
				if got, err = log.OpenCheckpoint(b, l.Policy); err == nil && (got.Witnesses() != 0 || got.Size() != 1) {
					t.Errorf("%s: %d witnesses, size %d", name, got.Witnesses(), got.Size())
				}
			} else {
				_, err = log.OpenHead(b, l.Policy)
			}
			if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
				t.Errorf("%s, %s: %v, want …%s…", name, kind, err, c.refused)
			}
		}
	}
}

// TestNoPolicy: whom to trust is never a default, however it is left out.
func TestNoPolicy(t *testing.T) {
	l := logtest.New(t, "https://sijil.example")
	l.Append([]byte("entry"))
	head := l.Head(log.Head{Genesis: log.Sum(nil), Record: log.Sum(nil), TreeSize: 1})
	var none *keys.Policy
	for name, p := range map[string]log.Policy{"nil": nil, "nil of a type": none, "zero": new(keys.Policy)} {
		if c, err := log.OpenCheckpoint(l.Checkpoint(1), p); c != nil || !errors.Is(err, log.ErrNoPolicy) {
			t.Errorf("%s: OpenCheckpoint = %v, %v", name, c, err)
		}
		if h, err := log.OpenHead(head, p); h != nil || !errors.Is(err, log.ErrNoPolicy) {
			t.Errorf("%s: OpenHead = %v, %v", name, h, err)
		}
	}
}

// TestOversizeNotes are refused before anything is parsed.
func TestOversizeNotes(t *testing.T) {
	l := logtest.New(t, "https://sijil.example")
	l.Append([]byte("entry"))
	long := bytes.Repeat([]byte("— noise.example AAAAAAAAAAAA\n"), 3000)
	if _, err := log.OpenCheckpoint(append(l.Checkpoint(1), long...), l.Policy); err == nil || !strings.Contains(err.Error(), "over 65536 bytes") {
		t.Errorf("checkpoint: %v", err)
	}
	head := l.Head(log.Head{Genesis: log.Sum(nil), Record: log.Sum(nil), TreeSize: 1})
	if _, err := log.OpenHead(append(head, long...), l.Policy); err == nil || !strings.Contains(err.Error(), "over 65536 bytes") {
		t.Errorf("head: %v", err)
	}
	if _, err := log.ParseEntry(make([]byte, log.MaxEntry+1)); err == nil || !strings.Contains(err.Error(), "65536 bytes, at most 65535") {
		t.Errorf("entry: %v", err)
	}
	if _, err := log.ParseBundle(make([]byte, log.MaxBundle+1)); err == nil || !strings.Contains(err.Error(), "over 2097152 bytes") {
		t.Errorf("bundle: %v", err)
	}
	e := log.Entry{Digest: log.Sum(nil), Signature: make([]byte, log.MaxEntry), Key: logtest.NewSigner(t).Public().SPKI()}
	if _, err := e.Marshal(); err == nil || !strings.Contains(err.Error(), "at most 65535") {
		t.Errorf("entry to write: %v", err)
	}
}

// TestSignatureHasOneEncoding: base64 leaves bits of a last letter unused, and what
// sets them is the same signature in other bytes.
func TestSignatureHasOneEncoding(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	l := logtest.New(t, "https://sijil.example")
	l.Append([]byte("entry"))
	head := l.Head(log.Head{Genesis: log.Sum(nil), Record: log.Sum(nil), TreeSize: 1})
	for kind, c := range map[string]struct {
		note []byte
		open func([]byte) error
	}{
		"checkpoint": {l.Checkpoint(1), func(b []byte) error { _, err := log.OpenCheckpoint(b, l.Policy); return err }},
		"to cosign":  {l.Checkpoint(1), func(b []byte) error { _, _, err := log.Cosign(b, nil, l.Policy); return err }},
		"head":       {head, func(b []byte) error { _, err := log.OpenHead(b, l.Policy); return err }},
	} {
		check(t, c.open(c.note))
		at := len(c.note) - len("x=\n")
		if !bytes.HasSuffix(c.note, []byte("=\n")) || c.note[at] == '=' {
			t.Fatalf("%s: a line without two unused bits: %s", kind, c.note)
		}
		last := strings.IndexByte(alphabet, c.note[at])
		for bits := 1; bits < 4; bits++ {
			other := bytes.Clone(c.note)
			other[at] = alphabet[last|bits]
			if err := c.open(other); err == nil || !strings.Contains(err.Error(), "one base64 encoding") {
				t.Errorf("%s with the unused bits %02b: %v", kind, bits, err)
			}
			again := append(bytes.Clone(c.note), other[bytes.LastIndex(other, []byte("\n— "))+1:]...)
			if err := c.open(again); err == nil || !strings.Contains(err.Error(), "one base64 encoding") {
				t.Errorf("%s with a second line, the unused bits %02b: %v", kind, bits, err)
			}
		}
	}
}

// TestSignedByItsName: a checkpoint and a head are named after the signer.
func TestSignedByItsName(t *testing.T) {
	l, other := logtest.New(t, "https://sijil.example"), logtest.New(t, "https://other.example")
	b, err := log.SignCheckpoint(other.Signer, 1, tlog.Hash{})
	check(t, err)
	if _, err := log.OpenCheckpoint(b, l.Policy); err == nil || !strings.Contains(err.Error(), "not signed by a key in the policy") {
		t.Errorf("another log's checkpoint: %v", err)
	}
	// The right key under the wrong first line.
	forged, err := note.Sign(&note.Note{Text: log.CheckpointText("other.example", 1, tlog.Hash{})}, l.Signer)
	check(t, err)
	if _, err := log.OpenCheckpoint(forged, l.Policy); err == nil || !strings.Contains(err.Error(), `origin is "other.example"`) {
		t.Errorf("another log's text: %v", err)
	}
}

func TestDigest(t *testing.T) {
	const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	d := log.Sum(nil)
	if d.String() != empty || d.Hex() != empty[7:] || d.IsZero() || !(log.Digest{}).IsZero() {
		t.Errorf("%s", d)
	}
	if got, err := log.ParseDigest(empty); err != nil || got != d {
		t.Errorf("ParseDigest = %s, %v", got, err)
	}
	for _, s := range []string{"", empty[7:], empty[:70], empty + "0", strings.ToUpper(empty), "sha256:" + strings.ToUpper(empty[7:]), "sha512" + empty[6:], " " + empty, empty + "\n", "sha256:" + strings.Repeat("g", 64), "sha256:" + strings.Repeat("é", 32)} {
		if got, err := log.ParseDigest(s); err == nil || !got.IsZero() || !strings.HasPrefix(err.Error(), "digest ") {
			t.Errorf("ParseDigest(%q) = %s, %v", s, got, err)
		}
	}
}
