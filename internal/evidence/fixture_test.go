package evidence_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/sigstore"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const slug = "river"

// world is a log that holds the publication river (a genesis and two versions)
// among entries of others.
//
//	index  0      1        2      3          4          5
//	entry  other  genesis  other  version 1  version 2  other
type world struct {
	t     testing.TB
	log   *logtest.Log
	pub   *logtest.Publication
	trust *keys.Trust
	stock *stock
}

func newWorld(t testing.TB) *world {
	t.Helper()
	l := logtest.New(t, "https://sijil.example/")
	l.Append([]byte("an entry of somebody else"))
	editions := logtest.River()
	signer := logtest.NewSigner(t)
	genesis := l.Genesis(slug, editions[0].Title(), signer)
	pub := &logtest.Publication{Log: l, Slug: slug, Signer: signer, Bundles: []*log.Bundle{genesis}, Indexes: []int64{l.Publish(genesis, signer.Public())}}
	l.Append([]byte("another one"))
	pub.Add(editions[0])
	pub.Add(editions[1])
	l.Append([]byte("and one more"))
	trust, err := l.Trust().Pin(slug, pub.Genesis())
	check(t, err)
	return &world{t: t, log: l, pub: pub, trust: trust, stock: newStock(t, trust)}
}

// served is what the service serves at the log's size.
func (w *world) served() logtest.Documents {
	return w.pub.Documents(evidence.Layout{}, w.log.Size())
}

// options are those of the reader's tool: without a second opinion.
func (w *world) options() evidence.Options {
	return evidence.Options{Trust: w.trust, Slug: slug, Consistent: consistentIn(w.log)}
}

// consistentIn proves consistency from the tree that a log really has, as a
// client does from its tiles.
func consistentIn(l *logtest.Log) func(context.Context, *log.Checkpoint, *log.Checkpoint) error {
	return func(_ context.Context, old, new *log.Checkpoint) error {
		proof, err := tlog.ProveTree(new.Size(), old.Size(), l)
		if err != nil {
			return err
		}
		if tlog.CheckTree(proof, new.Size(), new.Root(), old.Size(), old.Root()) != nil {
			return &evidence.InconsistentError{Have: l.Root(old.Size()), Proof: proof}
		}
		return nil
	}
}

// stock is the real stock verifier, which is asked once about each input.
type stock struct {
	real *sigstore.Verifier
	mu   sync.Mutex
	said map[log.Digest]error
}

func newStock(t testing.TB, trust *keys.Trust) *stock {
	t.Helper()
	root, err := trust.TrustedRootJSON()
	check(t, err)
	v, err := sigstore.New(root)
	check(t, err)
	return &stock{real: v, said: map[log.Digest]error{}}
}

func (s *stock) Verify(bundle []byte, key *ecdsa.PublicKey, artifact log.Digest) error {
	public, err := keys.NewPublicKey(key)
	if err != nil {
		return err
	}
	input := log.Sum(bytes.Join([][]byte{public.SPKI(), artifact[:], bundle}, nil))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err, ok := s.said[input]; ok {
		return err
	}
	err = s.real.Verify(bundle, key, artifact)
	s.said[input] = err
	return err
}

// view is everything that a reader is told of a publication.
type view struct {
	Genesis log.Digest
	Records []recordView
}

type recordView struct {
	Record  log.Digest
	Payload string
	Key     log.Digest
	Index   int64
	Texts   map[string]string
	Names   []string
}

func viewOf(p *evidence.Publication) view {
	v := view{Genesis: p.Genesis()}
	for _, r := range p.Records() {
		out := recordView{Record: r.Digest(), Payload: string(r.Payload()), Key: r.Key.Digest(), Index: r.Index}
		if r.Edition != nil {
			out.Texts = map[string]string{}
			for _, t := range r.Edition.Statement().Texts() {
				b, _ := r.Edition.Text(t.Language)
				out.Texts[t.Language] = string(b)
			}
			for _, e := range r.Edition.List().Entries() {
				out.Names = append(out.Names, e.Signatory.Name)
			}
		}
		v.Records = append(v.Records, out)
	}
	return v
}

func mustOpen(t testing.TB, src evidence.Source, o evidence.Options) *evidence.Publication {
	t.Helper()
	p, err := evidence.Open(context.Background(), src, o)
	check(t, err)
	return p
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
