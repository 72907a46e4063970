package trillianlog_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/util/clock"
	"golang.org/x/mod/sumdb/tlog"
	"google.golang.org/grpc"

	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/internal/trilliansqlite"
)

// station is Trillian's log server behind gRPC, whose signer signs when it is told to.
type station struct {
	address string
	storage *trilliansqlite.Storage
	treeID  int64
}

func newStation(t *testing.T) *station {
	t.Helper()
	s := &station{}
	var err error
	if s.storage, err = trilliansqlite.Create(t.TempDir(), trilliansqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	registry := extension.Registry{LogStorage: s.storage.LogStorage(), AdminStorage: s.storage.AdminStorage(), QuotaManager: quota.Noop()}
	g := grpc.NewServer()
	trillian.RegisterTrillianLogServer(g, server.NewTrillianLogRPCServer(registry, clock.System))
	trillian.RegisterTrillianAdminServer(g, admin.New(registry, nil))
	go func() { _ = g.Serve(l) }() // it ends with Stop
	t.Cleanup(func() {
		g.Stop()
		_ = s.storage.Close()
	})
	s.address = l.Addr().String()
	if s.treeID, err = trillianlog.CreateRemote(t.Context(), trillianlog.RemoteOptions{Address: s.address}); err != nil {
		t.Fatal(err)
	}
	return s
}

// sign integrates what is queued, as a signer would.
func (s *station) sign(t *testing.T) {
	t.Helper()
	l, err := trillianlog.Open(t.Context(), trillianlog.Options{Log: s.storage.LogStorage(), Admin: s.storage.AdminStorage(), TreeID: s.treeID})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRemote: an entry's place is what the tree's reader says; the same entry again
// has its first index, whether it is integrated or waits.
func TestRemote(t *testing.T) {
	s := newStation(t)
	queued := make(chan bool, 10)
	r, err := trillianlog.OpenRemote(t.Context(), trillianlog.RemoteOptions{Address: s.address, TreeID: s.treeID, Queued: func(context.Context) { queued <- true }})
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		index     uint64
		duplicate bool
		err       error
	}
	add := func(entry string) chan answer {
		out := make(chan answer, 1)
		go func() {
			var a answer
			a.index, a.duplicate, a.err = r.Append(context.Background(), []byte(entry))
			out <- a
		}()
		return out
	}
	first := add("first")
	<-queued
	again := add("first") // while it waits
	<-queued
	second := add("second")
	<-queued
	s.sign(t)
	select {
	case a := <-first:
		t.Fatalf("answered before anybody has read the tree: %+v", a)
	default:
	}
	size, hash, err := r.Root(t.Context())
	if err != nil || size != 2 || len(hash) != 32 {
		t.Fatalf("%d, %x, %v", size, hash, err)
	}
	leaves, err := r.Leaves(t.Context(), 0, size)
	if err != nil {
		t.Fatal(err)
	}
	hashes := make([][32]byte, len(leaves))
	for i, l := range leaves {
		hashes[i] = tlog.RecordHash(l)
	}
	r.Integrated(0, hashes)
	at := map[string]uint64{string(leaves[0]): 0, string(leaves[1]): 1}
	for entry, out := range map[string]chan answer{"first": first, "second": second} {
		if a := <-out; a.err != nil || a.duplicate || a.index != at[entry] {
			t.Errorf("%s: %+v", entry, a)
		}
	}
	if a := <-again; a.err != nil || !a.duplicate || a.index != at["first"] {
		t.Errorf("the same, while it waited: %+v", a)
	}
	if a := <-add("second"); a.err != nil || !a.duplicate || a.index != at["second"] {
		t.Errorf("the same, once it was integrated: %+v", a)
	}
	if _, err := r.Leaves(t.Context(), 1, 2); err == nil {
		t.Error("entries beyond the tree")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := r.Append(ctx, []byte("third")); !errors.Is(err, context.DeadlineExceeded) && err == nil {
		t.Errorf("a caller who is gone: %v", err)
	}
	last := add("fourth")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if a := <-last; a.err == nil {
		t.Error("answered after the end")
	}
	if _, err := trillianlog.OpenRemote(t.Context(), trillianlog.RemoteOptions{Address: s.address, TreeID: s.treeID + 1}); err == nil {
		t.Errorf("opened the tree %s, which nobody made", strconv.FormatInt(s.treeID+1, 10))
	}
}
