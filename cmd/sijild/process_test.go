package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/sigstore"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/tilewriter"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// process is a sijild of its own, serving a data folder.
type process struct {
	t       testing.TB
	cmd     *exec.Cmd
	address string // a file
	url     string // once it is ready
	metrics string // a file with the address of its metrics. Optional
	out     *output
	done    chan struct{} // closed when it has ended
	err     error         // how, once it has
}

// output is what a process has said so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// newData makes a data folder and returns it with its log key.
func newData(t testing.TB) (string, *keys.LogKey) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	key, err := initialise(t.Context(), initOptions{data: data, url: "http://localhost"})
	if err != nil {
		t.Fatal(err)
	}
	return data, key
}

func startProcess(t testing.TB, data string, env ...string) *process {
	t.Helper()
	return startWith(t, data, env)
}

// startWith starts one with more options of serve, and waits until it is ready.
func startWith(t testing.TB, data string, env []string, more ...string) *process {
	t.Helper()
	p := spawn(t, data, env, more...)
	if !p.ready() {
		t.Fatalf("sijild ended: %v\n%s", p.err, p.out)
	}
	return p
}

// spawn starts a process, which is not ready yet; more are options of serve.
func spawn(t testing.TB, data string, env []string, more ...string) *process {
	t.Helper()
	p := &process{t: t, address: filepath.Join(t.TempDir(), "address"), out: &output{}, done: make(chan struct{})}
	p.cmd = exec.Command("sijild", append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--address-file", p.address, "--no-rate-limits", "--door", "open"}, more...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() { p.stop(syscall.SIGKILL) })
	return p
}

// ready waits until the process serves; false: it has ended.
func (p *process) ready() bool {
	p.t.Helper()
	deadline := time.After(2 * time.Minute)
	for tick := time.NewTicker(time.Millisecond); ; {
		if b, err := os.ReadFile(p.address); err == nil && bytes.HasSuffix(b, []byte("\n")) {
			p.url = "http://" + strings.TrimSpace(string(b))
			return true
		}
		select {
		case <-p.done:
			return false
		case <-deadline:
			p.t.Fatalf("sijild does not start\n%s", p.out)
		case <-tick.C:
		}
	}
}

// stop sends a signal and waits for the process to end.
func (p *process) stop(sig os.Signal) {
	p.t.Helper()
	_ = p.cmd.Process.Signal(sig) // it may have ended
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatal("sijild does not stop")
	}
}

// genesis returns a signed genesis bundle, a token for it, and its digest.
func genesis(t testing.TB, data string, key *keys.LogKey, signer *keys.Signer, slug string) (bundle []byte, token string, digest log.Digest) {
	t.Helper()
	payload, err := statement.Encode(&statement.Publication{
		Log: statement.NameOf(key), Slug: slug, Title: map[string]string{"en": slug}, Policy: statement.NewPolicy(1, signer.Public()),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := logtest.Sign(t, signer, payload)
	if bundle, err = b.Marshal(); err != nil {
		t.Fatal(err)
	}
	token, err = newTokenFor(t.Context(), tokenOptions{data: data, slug: slug, expires: time.Hour, similar: true})
	if err != nil {
		t.Fatal(err)
	}
	return bundle, token, b.Envelope.Digest()
}

// TestRefusesOlderTrillian: the log database restored from an older copy, with
// the service's own rows newer, is never signed.
func TestRefusesOlderTrillian(t *testing.T) {
	data, key := newData(t)
	signer := logtest.NewSigner(t)
	p := startProcess(t, data)
	create(t, p.url, data, key, signer, "first-river")
	p.stop(syscall.SIGTERM)
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(filepath.Join(data, trillianDir))); err != nil {
		t.Fatal(err)
	}
	p = startProcess(t, data)
	create(t, p.url, data, key, signer, "second-river")
	p.stop(syscall.SIGTERM)
	if err := os.RemoveAll(filepath.Join(data, trillianDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(data, trillianDir), os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, &out, &out); code != 1 {
		t.Fatalf("exit status %d\n%s", code, &out)
	}
	for _, want := range []string{tilewriter.ErrRollback.Error(), "hint: the data folder is probably an older copy"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, &out)
		}
	}
}

// TestRefusesReadOnlyFolder: nothing is served from a folder that cannot be
// written.
func TestRefusesReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		// Root writes everywhere; a folder in the place of the database file
		// is what it cannot write either.
		t.Log("running as root: the permission is not tried, the file is replaced by a folder")
	}
	data, _ := newData(t)
	path := filepath.Join(data, trillianDir, "trillian.sqlite")
	if os.Geteuid() == 0 {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
	} else if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, &out, &out); code != 1 {
		t.Fatalf("exit status %d\n%s", code, &out)
	}
}

var httpClient = &http.Client{Timeout: 30 * time.Second}

func background() context.Context { return context.Background() }

// trustOf pins the log and nothing else.
func trustOf(t *testing.T, key *keys.LogKey) *keys.Trust {
	t.Helper()
	trust, err := keys.NewTrust("http://localhost", time.Unix(0, 0), keys.NewPolicy(key))
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func optionsFor(t *testing.T, src *client.HTTP, trust *keys.Trust, slug string) evidence.Options {
	t.Helper()
	root, err := trust.TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	stock, err := sigstore.New(root)
	if err != nil {
		t.Fatal(err)
	}
	return evidence.Options{Trust: trust, Slug: slug, Stock: stock, Consistent: func(ctx context.Context, old, new *log.Checkpoint) error {
		return client.Consistency(ctx, src, client.Tree{Size: uint64(old.Size()), Root: old.Root()}, client.Tree{Size: uint64(new.Size()), Root: new.Root()})
	}}
}
