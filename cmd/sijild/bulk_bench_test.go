package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
)

// setting is a number that the environment sets.
func setting(b *testing.B, name string, otherwise int) int {
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	check(b, err)
	return n
}

// BenchmarkBulk imports N endorsers, of whom SIGNED in a hundred have a signature, from a CSV file: sijil import
// and sijild in processes of their own, which are measured apart; beside bare ECDSA P-256
// verification of those signatures. Then it reads pages, starts the service again, and
// audits.
func BenchmarkBulk(b *testing.B) {
	n, signed := setting(b, "SIJIL_BULK_N", 20_000), setting(b, "SIJIL_BULK_SIGNED", 100)
	data, key := newData(b)
	s := startProcess(b, data)
	x := newElectorate(b, s.url, data, key, "river", 20)
	home := b.TempDir()
	env := append(os.Environ(), "HOME="+home, "PASSPHRASE=correct horse")
	file, err := x.signer.Encrypt([]byte("correct horse"))
	check(b, err)
	check(b, os.WriteFile(home+"/office.key", file, 0o600))
	tool := func(args ...string) (cpu time.Duration, peak float64) { return toolCost(b, env, args...) }
	tool("trust", "init", s.url, "--out", home+"/trust.json", "--fingerprint", key.ID().String(), "--fingerprint", x.genesis.String())
	x.writeBulk(b, home+"/all.csv", n, signed)
	bare := verificationTime(b)
	b.ResetTimer()
	begun, before := time.Now(), cpuOf(b, s.cmd.Process.Pid)
	worked, peak := tool("import", "river", home+"/all.csv", "--trust", home+"/trust.json", "--server", s.url, "--key", home+"/office.key", "--passphrase-env", "PASSPHRASE")
	took := time.Since(begun)
	b.StopTimer()
	served := cpuOf(b, s.cmd.Process.Pid) - before
	b.ReportMetric(took.Seconds(), "import-s")
	b.ReportMetric(worked.Seconds(), "tool-cpu-s")
	b.ReportMetric(served.Seconds(), "service-cpu-s")
	b.ReportMetric((bare * time.Duration(2*n*signed/100)).Seconds(), "bare-cpu-s") // both verify
	b.ReportMetric(peak, "tool-peak-MB")
	b.ReportMetric(statusOf(b, s.cmd.Process.Pid, "VmHWM"), "service-peak-MB")
	for name, path := range map[string]string{
		"publication":   "/en/p/river",
		"endorsers":     "/en/p/river/v/1/endorsers",
		"last-page":     "/en/p/river/v/1/endorsers?after=" + strconv.Itoa(n-100),
		"search-common": "/en/p/river/v/1/endorsers?q=amina+saleh",
		"search-rare":   "/en/p/river/v/1/endorsers?q=" + url.QueryEscape("amina "+strconv.Itoa(n/8*4)),
		"by-country":    "/en/p/river/v/1/endorsers?country=FR&after=" + strconv.Itoa(n/2),
		"counts":        "/api/v1/publications/river/roll.json",
	} {
		before := cpuOf(b, s.cmd.Process.Pid)
		b.ReportMetric(pageTime(b, s.url+path), name+"-p50-ms")
		b.ReportMetric(ms(cpuOf(b, s.cmd.Process.Pid)-before)/pageReads, name+"-cpu-ms")
	}
	b.ReportMetric(statusOf(b, s.cmd.Process.Pid, "VmRSS"), "service-MB")
	audited, peak := tool("audit", s.url, "--trust", home+"/trust.json")
	b.ReportMetric(audited.Seconds(), "audit-cpu-s")
	b.ReportMetric(peak, "audit-peak-MB")
	s.stop(syscall.SIGTERM)
	begun = time.Now()
	s = startProcess(b, data)
	b.ReportMetric(ms(time.Since(begun)), "start-ms")
	b.ReportMetric(statusOf(b, s.cmd.Process.Pid, "VmRSS"), "started-MB")
}

// writeBulk writes a file of n endorsers, of whom signed in a hundred have a signature, by
// 64 keys.
func (x *electorate) writeBulk(b *testing.B, path string, n, signed int) {
	b.Helper()
	f, err := os.Create(path)
	check(b, err)
	w := bufio.NewWriter(f)
	out := csv.NewWriter(w)
	check(b, out.Write(rollHeading))
	var signers []*keys.Signer
	for range 64 {
		signers = append(signers, logtest.NewSigner(b))
	}
	const chunk = 1000
	rows := make([][]string, chunk)
	for from := 0; from < n; from += chunk {
		var wg sync.WaitGroup
		workers := runtime.GOMAXPROCS(0)
		for k := range workers {
			wg.Go(func() {
				for i := k; i < min(chunk, n-from); i += workers {
					var key *keys.Signer
					if (from+i)%100 < signed {
						key = signers[(from+i)%len(signers)]
					}
					rows[i] = x.row(from+i, key)
				}
			})
		}
		wg.Wait()
		check(b, out.WriteAll(rows[:min(chunk, n-from)]))
	}
	check(b, w.Flush())
	check(b, f.Close())
}

// verificationTime is the processor time of one bare verification.
func verificationTime(b *testing.B) time.Duration {
	b.Helper()
	before := cpuOf(b, os.Getpid())
	verificationRate(b)
	return (cpuOf(b, os.Getpid()) - before) / time.Duration(10_000*runtime.GOMAXPROCS(0))
}

// cpuOf is the processor time that a process has used.
func cpuOf(b testing.TB, pid int) time.Duration {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	check(b, err)
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, err := strconv.ParseInt(fields[11], 10, 64)
	check(b, err)
	system, err := strconv.ParseInt(fields[12], 10, 64)
	check(b, err)
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go knows
	return time.Duration(user+system) * tick
}

// statusOf is a memory figure of a process, in MB.
func statusOf(b testing.TB, pid int, name string) float64 {
	b.Helper()
	mb, ok := memoryOf(pid, name)
	if !ok {
		b.Fatalf("process %d has no %s", pid, name)
	}
	return mb
}

// memoryOf is statusOf for a process that may have ended.
func memoryOf(pid int, name string) (mb float64, ok bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024, err == nil
		}
	}
	return 0, false
}

// toolCost runs the tool, and returns its processor time and its most memory in MB, which
// is looked at twenty times a second.
func toolCost(b *testing.B, env []string, args ...string) (cpu time.Duration, peak float64) {
	b.Helper()
	var out bytes.Buffer
	c := exec.Command("sijil", args...)
	c.Env, c.Stdout, c.Stderr = env, &out, &out
	check(b, c.Start())
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case err := <-done:
			tick.Stop()
			if err != nil {
				b.Fatalf("sijil %s: %v\n%s", strings.Join(args, " "), err, out.Bytes())
			}
			return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), peak
		case <-tick.C:
			if now, ok := memoryOf(c.Process.Pid, "VmHWM"); ok {
				peak = max(peak, now)
			}
		}
	}
}

const pageReads = 100

// pageTime reads a page a hundred times, one after the other, and returns the median.
func pageTime(b *testing.B, address string) float64 {
	b.Helper()
	var took []time.Duration
	for range pageReads {
		begun := time.Now()
		res, err := http.Get(address) //nolint:noctx // a test's own server
		check(b, err)
		body, err := io.ReadAll(res.Body)
		check(b, err)
		check(b, res.Body.Close())
		if res.StatusCode != http.StatusOK || len(body) < 100 {
			b.Fatalf("%s: %d %.200s", address, res.StatusCode, body)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return ms(took[len(took)/2])
}
