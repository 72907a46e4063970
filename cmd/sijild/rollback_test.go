package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/cli"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
)

// TestClientCatchesRestoredFolder: the whole data folder is put back to an older
// copy, so the service itself cannot notice. A client that has seen more says so
// with exit status 4 and a proof that stands on its own.
func TestClientCatchesRestoredFolder(t *testing.T) {
	data, key := newData(t)
	signer := logtest.NewSigner(t)
	p := startProcess(t, data)
	genesis := create(t, p.url, data, key, signer, "first-river")
	p.stop(syscall.SIGTERM)
	old := filepath.Join(t.TempDir(), "old")
	copyFolder(t, old, data)

	p = startProcess(t, data)
	create(t, p.url, data, key, signer, "second-river")
	trust, err := trustOf(t, key).Pin("first-river", genesis)
	check(t, err)
	b, err := trust.Marshal()
	check(t, err)
	trustPath := filepath.Join(t.TempDir(), "trust.json")
	check(t, os.WriteFile(trustPath, b, 0o644))
	state := t.TempDir()
	verify := func() (int, string, string) {
		var out, talk bytes.Buffer
		env := cli.Env{Stdin: strings.NewReader("An unrelated text of a few words."), Stdout: &out, Stderr: &talk, Clock: time.Now, HTTP: httpClient,
			Getenv: func(name string) string { return map[string]string{"XDG_STATE_HOME": state}[name] }}
		code := cli.Run(t.Context(), []string{"verify", "--json", "--server", p.url, "--trust", trustPath, "-"}, env)
		return code, out.String(), talk.String()
	}
	if code, out, talk := verify(); code != 1 || !strings.Contains(out, `"verdict":"unknown"`) {
		t.Fatalf("before: exit status %d\n%s%s", code, out, talk)
	}
	p.stop(syscall.SIGTERM)
	check(t, os.RemoveAll(data))
	copyFolder(t, data, old)

	p = startProcess(t, data)
	for range 2 { // it is not forgotten by being told once
		code, out, talk := verify()
		if code != 4 || !strings.Contains(out, `"verdict":"unchecked"`) || !strings.Contains(out, `"log-misbehaved"`) || !strings.Contains(talk, "rollback") {
			t.Fatalf("after: exit status %d\n%s%s", code, out, talk)
		}
	}
	proofs, err := filepath.Glob(filepath.Join(state, "sijil", key.ID().Hex(), "misbehaviour-*.json"))
	check(t, err)
	if len(proofs) != 2 {
		t.Fatalf("%d proofs were written, want 2", len(proofs))
	}
	b, err = os.ReadFile(proofs[0])
	check(t, err)
	var m evidence.Misbehaviour
	check(t, json.Unmarshal(b, &m))
	first, err := log.OpenCheckpoint([]byte(m.First), trust.Policy())
	check(t, err)
	second, err := log.OpenCheckpoint([]byte(m.Second), trust.Policy())
	check(t, err)
	if m.Rule != "rollback" || first.Size() <= second.Size() {
		t.Errorf("rule %q, %d entries before, %d after", m.Rule, first.Size(), second.Size())
	}

	// The log grows again past what the client saw: now the trees differ.
	create(t, p.url, data, key, signer, "third-river")
	create(t, p.url, data, key, signer, "fourth-river")
	if code, out, talk := verify(); code != 4 || !strings.Contains(talk, "fork") {
		t.Fatalf("grown again: exit status %d\n%s%s", code, out, talk)
	}
}

func copyFolder(t *testing.T, to, from string) {
	t.Helper()
	check(t, os.CopyFS(to, os.DirFS(from)))
	// CopyFS keeps no modes; the keys must stay private.
	check(t, os.Chmod(filepath.Join(to, logKeyFile), 0o600))
	check(t, os.Chmod(filepath.Join(to, observerKeyFile), 0o600))
}
