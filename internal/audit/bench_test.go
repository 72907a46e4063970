package audit

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
	"github.com/sijil/sijil/log/tile"
)

// synthetic is a log of n entries with real signatures by a few hundred keys, as
// a folder of files.
type synthetic struct {
	dir   string
	n     int64
	trust *keys.Trust
	key   string // the log's verifier key
}

const syntheticKeys = 300

// TestAuditSynthetic makes a small log as the benchmark does, so that the
// generator cannot rot, and holds its audit to what does not depend on time: the
// memory kept for an entry.
func TestAuditSynthetic(t *testing.T) {
	n := int64(20_000)
	if testing.Short() {
		n = 3_000
	}
	s := makeSynthetic(t, t.TempDir(), n)
	got, err := Run(t.Context(), client.NewDir(s.dir), Options{Trust: s.trust, Copy: true})
	check(t, err)
	if got.Report.Outcome != Clean || got.Report.Entries.Checked != n {
		t.Fatalf("%+v", got.Report)
	}
	if kept := cap(got.State.leaf) + cap(got.State.key); int64(kept) > 3*n {
		t.Errorf("%d numbers are kept for %d entries", kept, n)
	}
	if size := int64(len(got.State.Marshal())); size > 16*n+4096 {
		t.Errorf("the state has %d bytes for %d entries", size, n)
	}
}

// BenchmarkAudit audits a log of SIJIL_AUDIT_N entries (1,000,000), which it
// makes once in SIJIL_AUDIT_CACHE, beside the same number of bare ECDSA
// verifications, and beside Tessera's fsck if SIJIL_FSCK names it. With
// SIJIL_BIN, the program itself is run and its memory is measured.
//
//	make bench-audit
func BenchmarkAudit(b *testing.B) {
	cache := os.Getenv("SIJIL_AUDIT_CACHE")
	if cache == "" {
		b.Skip("SIJIL_AUDIT_CACHE is not set: see make bench-audit")
	}
	n := int64(1_000_000)
	if v := os.Getenv("SIJIL_AUDIT_N"); v != "" {
		var err error
		n, err = strconv.ParseInt(v, 10, 64)
		check(b, err)
	}
	s := makeSynthetic(b, filepath.Join(cache, fmt.Sprintf("audit-%d", n)), n)
	for b.Loop() {
		cpu := [4]time.Duration{processor(b)}
		floor := s.floor(b)
		cpu[1] = processor(b)
		full := s.audit(b, false)
		cpu[2] = processor(b)
		bare := s.audit(b, true)
		cpu[3] = processor(b)
		// Processor time is what a shared machine leaves comparable.
		b.ReportMetric((cpu[2]-cpu[1]).Seconds()/(cpu[1]-cpu[0]).Seconds(), "audit/floor-cpu")
		b.ReportMetric((cpu[2] - cpu[1]).Seconds(), "audit-cpu-s")
		b.ReportMetric((cpu[1] - cpu[0]).Seconds(), "ecdsa-floor-cpu-s")
		b.ReportMetric((cpu[3] - cpu[2]).Seconds(), "audit-without-signatures-cpu-s")
		report(b, n, "ecdsa-floor", floor)
		report(b, n, "audit", full)
		report(b, n, "audit-without-signatures", bare)
		b.ReportMetric(full.Seconds()/floor.Seconds(), "audit/floor")
		if bin := os.Getenv("SIJIL_BIN"); bin != "" {
			took, rss := s.program(b, bin)
			report(b, n, "program", took)
			b.ReportMetric(rss, "program-peak-MB")
		}
		if fsck := os.Getenv("SIJIL_FSCK"); fsck != "" {
			took, rss := s.fsck(b, fsck)
			report(b, n, "fsck", took)
			b.ReportMetric(rss, "fsck-peak-MB")
			b.ReportMetric(bare.Seconds()/took.Seconds(), "audit-without-signatures/fsck")
			b.ReportMetric(full.Seconds()/took.Seconds(), "audit/fsck")
		}
	}
}

// processor is the processor time that this process has used.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func report(b *testing.B, n int64, what string, took time.Duration) {
	b.ReportMetric(took.Seconds(), what+"-s")
	b.ReportMetric(float64(n)/took.Seconds(), what+"/s")
}

func (s *synthetic) audit(b *testing.B, skip bool) time.Duration {
	start := time.Now()
	got, err := Run(b.Context(), client.NewDir(s.dir), Options{Trust: s.trust, Copy: true, skipSignatures: skip})
	check(b, err)
	if got.Report.Outcome != Clean || got.Report.Entries.Checked != s.n {
		b.Fatalf("%+v", got.Report)
	}
	return time.Since(start)
}

// floor verifies as many signatures as the log has, on all processors, and does
// nothing else.
func (s *synthetic) floor(b *testing.B) time.Duration {
	signer := logtest.NewSigner(b)
	bundle := logtest.Sign(b, signer, []byte("floor"))
	digest, sig, key := bundle.Envelope.Digest(), bundle.Signature(), signer.Public().ECDSA()
	procs := runtime.GOMAXPROCS(0)
	start := time.Now()
	var wg sync.WaitGroup
	for range procs {
		wg.Go(func() {
			for range s.n / int64(procs) {
				if !ecdsa.VerifyASN1(key, digest[:], sig) {
					panic("the signature does not verify")
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// program runs sijil audit as a process of its own.
func (s *synthetic) program(b *testing.B, bin string) (time.Duration, float64) {
	dir := b.TempDir()
	trust, err := s.trust.Marshal()
	check(b, err)
	check(b, os.WriteFile(filepath.Join(dir, "trust.json"), trust, 0o600))
	cmd := exec.CommandContext(b.Context(), bin, "audit", s.dir, "--trust", filepath.Join(dir, "trust.json"))
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+dir, "HOME="+dir)
	out, took, rss := timed(b, cmd)
	if !strings.Contains(out, "clean") {
		b.Fatalf("the program says:\n%s", out)
	}
	return took, rss
}

// fsck runs Tessera's fsck. Its exit status is 0 whatever it finds: the line
// that says that it succeeded has to be there.
func (s *synthetic) fsck(b *testing.B, fsck string) (time.Duration, float64) {
	dir := b.TempDir()
	key := filepath.Join(dir, "log.pub")
	check(b, os.WriteFile(key, []byte(s.key), 0o600))
	ctx, cancel := context.WithTimeout(b.Context(), 15*time.Minute)
	defer cancel()
	dirPath, err := filepath.Abs(s.dir)
	check(b, err)
	out, took, rss := timed(b, exec.CommandContext(ctx, fsck, "--ui=false", "--N=4", "--logtostderr", "--storage_url=file://"+dirPath+"/", "--public_key="+key))
	if !strings.Contains(out, fmt.Sprintf("Successfully fsck'd log with size %d", s.n)) {
		b.Fatalf("fsck says:\n%.2000s", out)
	}
	return took, rss
}

func timed(b *testing.B, cmd *exec.Cmd) (string, time.Duration, float64) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	check(b, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var peak float64
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatalf("%s: %v\n%.2000s", cmd.Path, err, out.String())
			}
			return out.String(), time.Since(start), peak
		case <-tick.C:
			peak = max(peak, highWater(cmd.Process.Pid))
		}
	}
}

// highWater is the most memory that a process has had so far, in MB; 0 where
// that cannot be seen. What wait reports would begin with this process's own.
func highWater(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return 0
	}
	return kb / 1024
}

// makeSynthetic makes the log, or takes it as it was made before: the trust file
// is written last.
func makeSynthetic(t testing.TB, dir string, n int64) *synthetic {
	t.Helper()
	s := &synthetic{dir: dir, n: n}
	trustPath := filepath.Join(dir, "trust.json")
	b, err := os.ReadFile(trustPath)
	if errors.Is(err, fs.ErrNotExist) {
		s.generate(t)
		b, err = os.ReadFile(trustPath)
	}
	check(t, err)
	s.trust, err = keys.ParseTrust(b)
	check(t, err)
	s.key = s.trust.Policy().Log().String()
	return s
}

func (s *synthetic) generate(t testing.TB) {
	t.Helper()
	check(t, os.RemoveAll(s.dir))
	signers := make([]*keys.Signer, syntheticKeys)
	for i := range signers {
		signers[i] = logtest.NewSigner(t)
	}
	// Groups are signed in parallel and written as they come.
	groups := (s.n + tile.Width - 1) / tile.Width
	leaves := make([][]byte, groups)
	var wg sync.WaitGroup
	next := make(chan int64)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for g := range next {
				leaves[g] = s.group(t, g, signers)
			}
		})
	}
	for g := range groups {
		next <- g
	}
	close(next)
	wg.Wait()
	root := s.upper(t, leaves)
	l := logtest.New(t, "https://audit.example/")
	note, err := log.SignCheckpoint(l.Signer, s.n, root)
	check(t, err)
	s.write(t, "checkpoint", note)
	trust, err := l.Trust().Marshal()
	check(t, err)
	s.write(t, "trust.json", trust)
}

// group writes one entry bundle and the tile over it, and returns the tile.
func (s *synthetic) group(t testing.TB, g int64, signers []*keys.Signer) []byte {
	leaves, _ := tile.At(0, g, uint64(s.n))
	var bundle, hashes []byte
	for i := range int64(leaves.W) {
		index := g*tile.Width + i
		signer := signers[index%syntheticKeys]
		digest := sha256.Sum256(fmt.Appendf(nil, "entry %d", index))
		signed, err := signer.Sign(rand.Reader, digest[:])
		check(t, err)
		entry, err := log.Entry{Digest: signed.Envelope.Digest(), Signature: signed.Signature(), Key: signer.Public().SPKI()}.Marshal()
		check(t, err)
		bundle, err = tile.AppendEntry(bundle, entry)
		check(t, err)
		h := log.LeafHash(entry)
		hashes = append(hashes, h[:]...)
	}
	s.write(t, tile.Path(leaves), hashes)
	leaves.L = tile.EntriesLevel
	s.write(t, tile.Path(leaves), bundle)
	return hashes
}

// upper writes the tiles above level 0 and returns the root.
func (s *synthetic) upper(t testing.TB, below [][]byte) tlog.Hash {
	edge := edgeReader{}
	for level := 0; ; level++ {
		if last, ok := tile.At(level, s.n>>(8*(level+1)), uint64(s.n)); ok {
			edge[level] = below[last.N]
		}
		var hashes []byte
		for n, data := range below {
			if at, _ := tile.At(level, int64(n), uint64(s.n)); at.W == tile.Width {
				h := tileRoot(at, data)
				hashes = append(hashes, h[:]...)
			}
		}
		if len(hashes) == 0 {
			break
		}
		below = nil
		for n := int64(0); len(hashes) > 0; n++ {
			w := min(len(hashes), tile.Width*tlog.HashSize)
			at, _ := tile.At(level+1, n, uint64(s.n))
			s.write(t, tile.Path(at), hashes[:w])
			below, hashes = append(below, hashes[:w]), hashes[w:]
		}
	}
	root, err := tlog.TreeHash(s.n, edge)
	check(t, err)
	return root
}

func (s *synthetic) write(t testing.TB, path string, b []byte) {
	full := filepath.Join(s.dir, filepath.FromSlash(path))
	check(t, os.MkdirAll(filepath.Dir(full), 0o755))
	check(t, os.WriteFile(full, b, 0o644))
}
