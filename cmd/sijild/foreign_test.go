package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	_ "modernc.org/sqlite"

	"github.com/sijil/sijil/internal/cli"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
)

// filled is a running service whose log holds n entries of guests.
func filled(t *testing.T, n int) *running {
	t.Helper()
	s := newRunning(t, serveOptions{noLimits: true, door: publish.DoorOpen}, slog.DiscardHandler)
	g := newGuest(t)
	spread(32, n, func(_, i int) time.Duration {
		res, err := s.http.Post(s.url+"/api/v2/log/entries", "application/json", bytes.NewReader(g.request(fmt.Sprint("message ", i))))
		if err != nil {
			t.Error(err)
			return 0
		}
		defer res.Body.Close()
		if b, err := io.ReadAll(res.Body); res.StatusCode != http.StatusCreated || err != nil {
			t.Errorf("%d %s, %v", res.StatusCode, b, err)
		}
		return 0
	})
	return s
}

// sijil runs the tool in this process.
func sijil(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return sijilOver(t, http.DefaultClient, env, args...)
}

func sijilOver(t testing.TB, over *http.Client, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Run(t.Context(), args, cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Clock: time.Now, HTTP: over,
		Getenv: func(k string) string { return env[k] }})
	return code, out.String(), errs.String()
}

// export writes the log's static files and returns their folder.
func (s *running) export(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	env := map[string]string{"HOME": home}
	trust, dir := filepath.Join(home, "trust.json"), filepath.Join(home, "log")
	if code, _, said := sijil(t, env, "trust", "init", s.url, "--out", trust, "--fingerprint", s.key.ID().String()); code != 0 {
		t.Fatal(said)
	}
	if code, _, said := sijil(t, env, "export", "--tiles", "--server", s.url, "--trust", trust, "--out", dir); code != 0 {
		t.Fatal(said)
	}
	return dir
}

// stockTiles reads tiles with nothing of ours but their address.
type stockTiles struct {
	t    *testing.T
	base string
}

func (s stockTiles) Height() int { return 8 }

func (s stockTiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (s stockTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		path := strings.Replace(strings.Replace(tile.Path(), "tile/8/", "tile/", 1), "tile/data/", "tile/entries/", 1)
		res, err := http.Get(s.base + "/" + path)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s, %v", path, res.Status, err)
		}
		out = append(out, b)
	}
	return out, nil
}

// TestStockTlog: golang.org/x/mod/sumdb reads and proves from our checkpoint and
// tiles, with no code of ours between.
func TestStockTlog(t *testing.T) {
	s := filled(t, 700)
	res, err := http.Get(s.url + "/checkpoint")
	check(t, err)
	b, err := io.ReadAll(res.Body)
	check(t, err)
	res.Body.Close()
	v, err := note.NewVerifier(s.key.String())
	check(t, err)
	n, err := note.Open(b, note.VerifierList(v))
	check(t, err)
	var origin, root string
	var size int64
	_, err = fmt.Sscanf(n.Text, "%s\n%d\n%s\n", &origin, &size, &root)
	check(t, err)
	hash, err := tlog.ParseHash(root)
	check(t, err)
	if origin != "localhost" || size != 700 {
		t.Fatalf("%q", n.Text)
	}
	tree := tlog.Tree{N: size, Hash: hash}
	tiles := stockTiles{t, s.url}
	r := tlog.TileHashReader(tree, tiles)
	for _, i := range []int64{0, 255, 256, 511, 512, 699} {
		bundle := tlog.Tile{H: 8, L: -1, N: i / 256, W: int(min(256, size-i/256*256))}
		raw, err := tiles.ReadTiles([]tlog.Tile{bundle})
		check(t, err)
		leaf := tlog.RecordHash(entryOf(raw[0], int(i%256)))
		p, err := tlog.ProveRecord(size, i, r)
		check(t, err)
		if err := tlog.CheckRecord(p, size, hash, i, leaf); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	p, err := tlog.ProveTree(size, 300, r)
	check(t, err)
	old, err := tlog.TreeHash(300, r)
	check(t, err)
	check(t, tlog.CheckTree(p, size, hash, 300, old))
}

// TestStaticAnswers: what a tile's answer promises, it keeps: type, length, ETag,
// ranges, HEAD, conditions, and gzip of full bundles.
func TestStaticAnswers(t *testing.T) {
	s := filled(t, 300)
	plain := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	ask := func(method, path string, headers ...string) (*http.Response, []byte) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
		check(t, err)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		res, err := plain.Do(r)
		check(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		check(t, err)
		return res, b
	}
	for _, path := range []string{"/tile/0/000", "/tile/0/000.p/17", "/tile/entries/000", "/tile/entries/001.p/44", "/api/v2/tile/entries/000", "/checkpoint", "/api/v2/checkpoint"} {
		res, body := ask("GET", path)
		tag := res.Header.Get("ETag")
		if res.StatusCode != 200 || res.ContentLength != int64(len(body)) || tag == "" || res.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %s %v", path, res.Status, res.Header)
		}
		if res, again := ask("HEAD", path); res.StatusCode != 200 || len(again) > 0 || res.ContentLength != int64(len(body)) || res.Header.Get("ETag") != tag {
			t.Errorf("HEAD %s: %s %v", path, res.Status, res.Header)
		}
		if res, part := ask("GET", path, "Range", "bytes=3-9"); res.StatusCode != 206 || !bytes.Equal(part, body[3:10]) {
			t.Errorf("%s, a range: %s %q", path, res.Status, part)
		}
		if res, none := ask("GET", path, "If-None-Match", tag); res.StatusCode != 304 || len(none) > 0 {
			t.Errorf("%s, as the client has it: %s", path, res.Status)
		}
		if res, _ := ask("DELETE", path); res.StatusCode != 405 {
			t.Errorf("DELETE %s: %s", path, res.Status)
		}
		res, packed := ask("GET", path, "Accept-Encoding", "gzip")
		if !strings.Contains(path, "entries/000") {
			if !bytes.Equal(packed, body) || res.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s: compressed", path)
			}
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		check(t, err)
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, body) || len(packed) >= len(body) || res.Header.Get("ETag") == tag || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s as gzip: %v, %d bytes of %d, %v", path, err, len(packed), len(body), res.Header)
		}
	}
}

// entryOf cuts entry i out of a bundle.
func entryOf(b []byte, i int) []byte {
	for ; ; i-- {
		n := int(b[0])<<8 | int(b[1])
		if i == 0 {
			return b[2 : 2+n]
		}
		b = b[2+n:]
	}
}

// TestFsck lets Tessera's fsck, named by SIJIL_FSCK, check our static log, and
// find one byte flipped in a copy of it. Its exit status is no oracle.
func TestFsck(t *testing.T) {
	fsck := os.Getenv("SIJIL_FSCK")
	if fsck == "" {
		t.Skip("SIJIL_FSCK is not set: run `make interop`")
	}
	s := filled(t, 700)
	dir := s.export(t)
	const success = "Successfully fsck'd log with size 700"
	if out := runFsck(t, fsck, dir, s.key.String()); !strings.Contains(out, success) {
		t.Errorf("fsck says\n%.3000s", out)
	}
	for _, path := range []string{"tile/entries/001", "tile/0/000", "tile/1/000.p/2", "tile/0/002.p/188"} {
		file := filepath.Join(dir, path)
		good, err := os.ReadFile(file)
		check(t, err)
		bad := bytes.Clone(good)
		bad[len(bad)/2] ^= 1
		check(t, os.WriteFile(file, bad, 0o644))
		if out := runFsck(t, fsck, dir, s.key.String()); strings.Contains(out, success) {
			t.Errorf("%s: fsck does not see the flipped byte", path)
		}
		check(t, os.WriteFile(file, good, 0o644))
	}
}

func runFsck(t *testing.T, fsck, dir, vkey string) string {
	t.Helper()
	key := filepath.Join(t.TempDir(), "log.pub")
	check(t, os.WriteFile(key, []byte(vkey), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, fsck, "--ui=false", "--N=4", "--logtostderr", "--storage_url=file://"+dir+"/", "--public_key="+key)
	out, _ := cmd.CombinedOutput()
	return string(out)
}

// TestLitewitness has our checkpoints cosigned by torchwood's litewitness, named
// by SIJIL_LITEWITNESS; sijil verify asks for its cosignature, and reports it.
func TestLitewitness(t *testing.T) {
	program := os.Getenv("SIJIL_LITEWITNESS")
	if program == "" {
		t.Skip("SIJIL_LITEWITNESS is not set: run `make interop`")
	}
	data, key := newData(t)
	vkey, address := startLitewitness(t, program, key.String())
	file := filepath.Join(t.TempDir(), "policy.txt")
	check(t, os.WriteFile(file, fmt.Appendf(nil, "witness lite %s %s\nquorum lite\n", vkey, address), 0o600))
	policy, err := setPolicy(t.Context(), data, "", file)
	check(t, err)
	c := callerFor(t, serveData(t, serveOptions{data: data, noLimits: true}, key, slog.DiscardHandler))
	home := t.TempDir()
	env := map[string]string{"HOME": home}
	trust, copied := filepath.Join(home, "trust.json"), filepath.Join(home, "copy.txt")
	check(t, os.WriteFile(copied, []byte(logtest.River()[0].Texts["en"]), 0o600))
	p := newPublication(t, key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	expect(t, "version 1", c.submit("river", p.next(t, logtest.River()[0])), 201, "")
	deadline := time.After(30 * time.Second)
	for tick := time.NewTicker(50 * time.Millisecond); !bytes.Contains(c.get("/checkpoint").body, []byte("\n2\n")); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not cosigned: %s", c.get("/readyz").body)
		}
	}
	genesis := p.genesis.Envelope.Digest().String()
	if code, _, said := sijil(t, env, "trust", "init", c.url, "--out", trust, "--fingerprint", key.ID().String(), "--fingerprint", policy.Fingerprint().String(), "--fingerprint", genesis); code != 0 {
		t.Fatal(said)
	}
	code, out, said := sijil(t, env, "verify", "--server", c.url, "--trust", trust, copied)
	if code != 0 || !strings.Contains(out, "identical") || !strings.Contains(out, "witnesses: 1") {
		t.Errorf("%d\n%s\n%s", code, out, said)
	}
}

// startLitewitness runs it with a key in an agent of this process.
func startLitewitness(t *testing.T, program, logKey string) (vkey, address string) {
	t.Helper()
	dir := t.TempDir()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	ring := agent.NewKeyring()
	check(t, ring.Add(agent.AddedKey{PrivateKey: key}))
	socket := filepath.Join(dir, "agent")
	l, err := net.Listen("unix", socket)
	check(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, c)
		}
	}()
	sshKey, err := ssh.NewPublicKey(pub)
	check(t, err)
	db := filepath.Join(dir, "db")
	port, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	listen := port.Addr().String()
	check(t, port.Close())
	cmd := exec.Command(program, "-db", db, "-name", "lite.example", "-key", ssh.FingerprintSHA256(sshKey), "-ssh-agent", socket, "-listen", listen)
	var said bytes.Buffer
	cmd.Stderr = &said
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	awaitHTTP(t, "http://"+listen+"/", &said)
	followLog(t, db, logKey)
	plain, err := note.NewEd25519VerifierKey("lite.example", pub)
	check(t, err)
	vkey, err = cosignature.VKeyToCosignatureV1(plain)
	check(t, err)
	return vkey, "http://" + listen
}

// followLog tells litewitness of the log, in its database, as its witnessctl
// does, which pulls in more than can be had everywhere.
func followLog(t *testing.T, path, logKey string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	empty := sha256.Sum256(nil)
	_, err = db.Exec(`INSERT INTO log (origin, tree_size, tree_hash) VALUES ('localhost', 0, ?)`, base64.StdEncoding.EncodeToString(empty[:]))
	check(t, err)
	_, err = db.Exec(`INSERT INTO key (origin, key) VALUES ('localhost', ?)`, logKey)
	check(t, errors.Join(err, db.Close()))
}
