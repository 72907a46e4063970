package log_test

import (
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
)

func TestFreeze(t *testing.T) {
	l := logtest.New(t, "https://sijil.example")
	for range 3 {
		l.Append([]byte("entry"))
	}
	for _, successor := range []string{"", "https://next.example", "http://localhost:8080", "https://next.example/log"} {
		b, err := log.SignFreeze(l.Signer, log.Freeze{Size: 2, Root: l.Root(2), Successor: successor})
		if err != nil {
			t.Fatal(err)
		}
		v, err := log.OpenFreeze(b, l.Policy)
		if err != nil {
			t.Fatal(err)
		}
		f := v.Freeze()
		if f.Origin != "sijil.example" || f.Size != 2 || f.Root != l.Root(2) || f.Successor != successor || string(v.Note()) != string(b) {
			t.Errorf("%+v", f)
		}
		for size, want := range map[int64]bool{1: false, 2: false, 3: true} {
			c, err := log.OpenCheckpoint(l.Checkpoint(size), l.Policy)
			if err != nil {
				t.Fatal(err)
			}
			if f.Conflicts(c) != want {
				t.Errorf("a checkpoint of size %d: conflicts %v", size, !want)
			}
		}
		if _, err := log.OpenCheckpoint(b, l.Policy); err == nil {
			t.Error("a freeze is a checkpoint")
		}
		if _, err := log.OpenHead(b, l.Policy); err == nil {
			t.Error("a freeze is a head")
		}
		if _, err := log.OpenFreeze(b, logtest.New(t, "https://sijil.example").Policy); err == nil {
			t.Error("another log's key")
		}
		if _, err := log.OpenFreeze(b, nil); err == nil {
			t.Error("no policy")
		}
	}
	other := log.Freeze{Origin: "sijil.example", Size: 2, Root: l.Root(1)}
	if c, err := log.OpenCheckpoint(l.Checkpoint(2), l.Policy); err != nil || !other.Conflicts(c) {
		t.Errorf("another root of the same size does not conflict: %v", err)
	}
}

func TestFreezeRefuses(t *testing.T) {
	l := logtest.New(t, "https://sijil.example")
	l.Append([]byte("entry"))
	good := log.Freeze{Origin: "sijil.example", Size: 1, Root: l.Root(1), Successor: "https://next.example"}.Text()
	root := l.Root(1).String()
	for what, text := range map[string]string{
		"another type":     strings.Replace(good, "freeze", "head", 1),
		"another origin":   strings.Replace(good, "sijil.example", "other.example", 1),
		"a leading zero":   strings.Replace(good, "\n1\n", "\n01\n", 1),
		"a negative size":  strings.Replace(good, "\n1\n", "\n-1\n", 1),
		"a short root":     strings.Replace(good, root, "AAAA", 1),
		"a line too many":  good + "\n",
		"a line too few":   strings.TrimSuffix(good, "https://next.example\n"),
		"no address":       strings.Replace(good, "https://next.example", "next.example", 1),
		"a script":         strings.Replace(good, "https://next.example", "javascript:alert(1)", 1),
		"a user":           strings.Replace(good, "https://", "https://a@", 1),
		"a query":          strings.Replace(good, "next.example", "next.example?x", 1),
		"an empty address": strings.Replace(good, "https://next.example", "", 1),
	} {
		b, err := note.Sign(&note.Note{Text: text}, l.Signer)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if v, err := log.OpenFreeze(b, l.Policy); err == nil {
			t.Errorf("%s: read as %+v", what, v.Freeze())
		}
	}
	if _, err := log.SignFreeze(l.Signer, log.Freeze{Size: 1, Root: l.Root(1), Successor: "ftp://next.example"}); err == nil {
		t.Error("signed with a successor that nobody can reach")
	}
}
