package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

func create(t *testing.T, url, data string, key *keys.LogKey, signer *keys.Signer, slug string) log.Digest {
	t.Helper()
	bundle, token, digest := genesis(t, data, key, signer, slug)
	if _, err := remote.New(url, httpClient).Create(t.Context(), token, bundle); err != nil {
		t.Fatal(err)
	}
	return digest
}

// TestKill9 kills the service in the middle of 50 publishes. Afterwards every
// acknowledged record is there and verifies, the root recomputes from the
// served tiles, and nothing is there twice.
func TestKill9(t *testing.T) {
	const n = 50
	for _, after := range []int64{1, 20, 45} {
		t.Run(fmt.Sprintf("after %d", after), func(t *testing.T) { kill9(t, n, after) })
	}
}

func kill9(t *testing.T, n int, after int64) {
	data, key := newData(t)
	signer := logtest.NewSigner(t)
	type sent struct {
		slug, token string
		bundle      []byte
		digest      log.Digest
		acked       bool
	}
	all := make([]sent, n)
	for i := range all {
		s := &all[i]
		s.slug = fmt.Sprintf("campaign-%03d", i)
		s.bundle, s.token, s.digest = genesis(t, data, key, signer, s.slug)
	}
	p := startProcess(t, data)
	var acked atomic.Int64
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			if _, err := remote.New(p.url, httpClient).Create(background(), all[i].token, all[i].bundle); err != nil {
				return // killed before the answer
			}
			all[i].acked = true
			if acked.Add(1) == after {
				_ = p.cmd.Process.Kill()
			}
		})
	}
	wg.Wait()
	p.stop(syscall.SIGKILL)
	t.Logf("%d of %d were acknowledged before the kill", acked.Load(), n)

	p = startProcess(t, data)
	src, err := client.NewHTTP(p.url, httpClient)
	if err != nil {
		t.Fatal(err)
	}
	trust := trustOf(t, key)
	for _, s := range all {
		if s.acked {
			verifyGenesis(t, src, trust, s.slug, s.digest)
		}
	}
	// Whoever got no answer sends the identical record again.
	for _, s := range all {
		r, err := remote.New(p.url, httpClient).Create(t.Context(), s.token, s.bundle)
		if err != nil {
			t.Fatalf("%s again: %v", s.slug, err)
		}
		if r.Record != s.digest || s.acked && r.Created {
			t.Errorf("%s again: record %s, created %v", s.slug, r.Record, r.Created)
		}
		verifyGenesis(t, src, trust, s.slug, s.digest)
	}
	checkEntries(t, src, trust, n)
}

// checkEntries reads the whole log, verifying each entry against the signed
// root, and requires n different ones.
func checkEntries(t *testing.T, src *client.HTTP, trust *keys.Trust, n int) {
	t.Helper()
	b, err := src.Fetch(t.Context(), "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	c, err := log.OpenCheckpoint(b, trust.Policy())
	if err != nil {
		t.Fatal(err)
	}
	if c.Size() != int64(n) {
		t.Errorf("the log holds %d entries, want %d", c.Size(), n)
	}
	seen := map[log.Digest]uint64{}
	err = client.Entries(t.Context(), src, client.Tree{Size: uint64(c.Size()), Root: c.Root()}, 0, uint64(c.Size()), func(index uint64, entry []byte) error {
		e, err := log.ParseEntry(entry)
		if err != nil {
			return err
		}
		if first, ok := seen[e.Digest]; ok {
			t.Errorf("record %s stands at %d and at %d", e.Digest, first, index)
		}
		seen[e.Digest] = index
		return e.Verify()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func verifyGenesis(t *testing.T, src *client.HTTP, trust *keys.Trust, slug string, genesis log.Digest) {
	t.Helper()
	pinned, err := trust.Pin(slug, genesis)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Open(t.Context(), src, optionsFor(t, src, pinned, slug)); err != nil {
		t.Errorf("%s: %v", slug, err)
	}
}
