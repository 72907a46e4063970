package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

	"github.com/jackc/pgx/v5"

	"github.com/sijil/sijil/internal/postgrestest"
	"github.com/sijil/sijil/internal/tilewriter"
	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/keys"
)

// rig is a cluster on this machine: PostgreSQL, Trillian's two programs, and any
// number of front ends.
type rig struct {
	t        *testing.T
	pg       *postgrestest.Server
	url      string // of the database
	trillian string // HOST:PORT
	server   *engine
	signer   *engine
	data     string // with the keys
	key      *keys.LogKey
}

// newRig starts all but the front ends, or skips the test. SIJIL_TRILLIAN is the folder
// of trillian_log_server and trillian_log_signer.
func newRig(t *testing.T) *rig {
	t.Helper()
	programs := os.Getenv("SIJIL_TRILLIAN")
	if programs == "" {
		t.Skip("SIJIL_TRILLIAN is not set (make cluster-test)")
	}
	trillianlog.RouteKlog(slog.DiscardHandler)
	r := &rig{t: t, pg: postgrestest.Start(t)}
	r.url = r.pg.Database()
	r.schema()
	r.trillian = freeAddress(t)
	common := []string{"--storage_system=postgresql", "--quota_system=noop", "--postgresql_uri=" + r.url, "--http_endpoint="}
	r.server = r.start(filepath.Join(programs, "trillian_log_server"), append(common, "--rpc_endpoint="+r.trillian)...)
	r.signer = r.start(filepath.Join(programs, "trillian_log_signer"), append(common, "--rpc_endpoint="+freeAddress(t), "--force_master", "--sequencer_interval=10ms", "--num_sequencers=1")...)
	r.data = filepath.Join(t.TempDir(), "data")
	var err error
	r.key, err = initialise(t.Context(), initOptions{data: r.data, url: "http://localhost", cluster: clusterOptions{database: r.url, trillian: r.trillian}})
	check(t, err)
	return r
}

// schema makes Trillian's tables, from its own module.
func (r *rig) schema() {
	r.t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/trillian").Output()
	check(r.t, err)
	sql, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "storage", "postgresql", "schema", "storage.sql"))
	check(r.t, err)
	c, err := pgx.Connect(r.t.Context(), r.url)
	check(r.t, err)
	_, err = c.PgConn().Exec(r.t.Context(), string(sql)).ReadAll()
	check(r.t, errors.Join(err, c.Close(r.t.Context())))
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}

// engine is one of Trillian's programs.
type engine struct {
	program string
	args    []string
	out     *output
	cmd     *exec.Cmd
	done    chan struct{} // closed when it has ended
}

func (r *rig) start(program string, args ...string) *engine {
	r.t.Helper()
	e := &engine{program: program, args: args, out: &output{}}
	check(r.t, e.start())
	r.t.Cleanup(func() {
		e.kill()
		if r.t.Failed() {
			r.t.Logf("%s:\n%s", filepath.Base(program), tail(e.out.String()))
		}
	})
	return e
}

// start starts it, or starts it again.
func (e *engine) start() error {
	e.cmd, e.done = exec.Command(e.program, e.args...), make(chan struct{})
	e.cmd.Stdout, e.cmd.Stderr = e.out, e.out
	if err := e.cmd.Start(); err != nil {
		return err
	}
	go func(cmd *exec.Cmd, done chan struct{}) { _ = cmd.Wait(); close(done) }(e.cmd, e.done)
	return nil
}

// kill kills it, if it runs, and waits for its end.
func (e *engine) kill() {
	_ = e.cmd.Process.Kill()
	<-e.done
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

func (r *rig) frontEnd() *process {
	r.t.Helper()
	p := startMeasured(r.t, r.data, "--trillian", r.trillian)
	r.t.Cleanup(func() {
		if r.t.Failed() {
			r.t.Logf("front end %s:\n%s", p.url, tail(p.out.String()))
		}
	})
	return p
}

// leads reports whether a front end says that it leads.
func (p *process) leads() bool {
	out := p.out.String()
	return strings.LastIndex(out, "this front end leads") > strings.LastIndex(out, "does not lead any more")
}

// wait waits until something holds.
func wait(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.After(90 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); !f(); {
		select {
		case <-deadline:
			t.Fatalf("waited for %s", what)
		case <-tick.C:
		}
	}
}

func (r *rig) leader(list []*process) int {
	r.t.Helper()
	at := -1
	wait(r.t, "a leader", func() bool {
		for i, p := range list {
			if p != nil && p.leads() {
				at = i
				return true
			}
		}
		return false
	})
	return at
}

// TestCluster: under load from several writers over three front ends, the leader is
// killed, and then PostgreSQL; nothing that was acknowledged is lost.
func TestCluster(t *testing.T) {
	r := newRig(t)
	f := newFault(t, "the leader of a cluster is killed, and then PostgreSQL")
	fronts := []*process{r.frontEnd(), r.frontEnd(), r.frontEnd()}
	first := r.leader(fronts)
	l := newLoad(r, f, 6, fronts)
	end := l.begin()
	l.more(60)

	begun := time.Now()
	fronts[first].stop(syscall.SIGKILL)
	others := []*process{fronts[(first+1)%3], fronts[(first+2)%3]}
	second := r.leader(others)
	l.more(30)
	t.Logf("leader killed: another led, and 30 records were acknowledged, after %v", time.Since(begun).Round(time.Millisecond))
	for i, p := range others {
		want := 0.0
		if i == second {
			want = 1
		}
		if m := p.numbers(); m["sijil_leader"] != want || m["sijil_elections_total"] != want {
			t.Errorf("front end %d: sijil_leader %v, sijil_elections_total %v, want %v", i, m["sijil_leader"], m["sijil_elections_total"], want)
		}
	}
	fronts[first] = r.frontEnd() // it comes back, at another address
	l.moved(first, fronts[first])
	l.more(30)

	begun = time.Now()
	r.pg.Kill()
	r.pg.Start()
	up := time.Since(begun)
	l.more(30)
	t.Logf("PostgreSQL killed: it was up again after %v, 30 records were acknowledged after %v", up.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))
	end()
	l.finish(fronts)
	f.rounds.Store(2)
	f.note = l.said()
}

// TestClusterFenced: two front ends that both believe they lead, both of them
// exporting: one of them is told, before it has signed anything that is shown, and
// stops; readers see one history.
func TestClusterFenced(t *testing.T) {
	r := newRig(t)
	fronts := []*process{r.frontEnd(), r.frontEnd()}
	r.leader(fronts)
	f := newFault(t, "two front ends both believe that they lead")
	l := newLoad(r, f, 3, fronts)

	// A third one that never asked for the lock.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var said output
	rival, err := open(ctx, serveOptions{data: r.data, cluster: clusterOptions{database: r.url, trillian: r.trillian}, noLimits: true}, slog.New(slog.NewTextHandler(&said, nil)))
	check(t, err)
	defer func() { check(t, rival.Close()) }()
	e := rival.cluster.exporter()
	_, err = e.Advance(ctx)
	check(t, err)
	end := l.begin()
	conflicts, rounds := 0, 0
	for l.acked.Load() < 60 && !t.Failed() {
		if rounds%5 == 4 {
			l.more(3) // another one signs meanwhile, and the rival does not know
		}
		_, err := e.Advance(ctx)
		if errors.Is(err, tilewriter.ErrConflict) {
			conflicts++
			if _, again := e.Advance(ctx); !errors.Is(again, tilewriter.ErrConflict) {
				t.Errorf("after a conflict: %v", again)
			}
			e = rival.cluster.exporter() // it believes anew
			continue
		}
		check(t, err)
		rounds++
	}
	end()
	if conflicts == 0 {
		t.Error("no round came between: the test proves nothing")
	}
	l.finish(fronts)
	f.rounds.Store(int64(rounds + conflicts))
	f.note = fmt.Sprintf("%s; %d rounds of the rival, %d of them fenced off", l.said(), rounds+conflicts, conflicts)
}

// TestClusterCommands: the operator's commands find the rows through the folder, and
// those that need the service stopped say so.
func TestClusterCommands(t *testing.T) {
	r := newRig(t)
	p := r.frontEnd()
	do := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if code := run(t.Context(), args, &out, &out); code != want {
			t.Errorf("sijild %v: %d, want %d\n%s", args, code, want, &out)
		}
		return out.String()
	}
	if out := do(0, "fingerprint", "--data", r.data); !strings.Contains(out, r.key.ID().String()) {
		t.Error(out)
	}
	file := filepath.Join(t.TempDir(), "policy")
	check(t, os.WriteFile(file, []byte("quorum none\n"), 0o600))
	if out := do(1, "policy", "set", "--data", r.data, file); !strings.Contains(out, "stop all of them first") {
		t.Error(out)
	}
	for _, args := range [][]string{{"check", r.data}, {"backup", "--data", r.data, "--out", filepath.Join(t.TempDir(), "copy")}, {"init", "--data", filepath.Join(t.TempDir(), "x"), "--url", "http://localhost", "--trillian", r.trillian, "--database", r.url}} {
		do(1, args...)
	}
	r.leader([]*process{p})
	l := newLoad(r, &fault{}, 1, []*process{p})
	if resp, err := http.Get(p.url + "/readyz"); err != nil || resp.StatusCode != 200 {
		t.Errorf("%v, %v", resp, err)
	}
	p.stop(syscall.SIGTERM)
	do(0, "policy", "set", "--data", r.data, file)
	out := do(0, "freeze", "--data", r.data, "--trillian", r.trillian, "--confirm", "localhost")
	if !strings.Contains(out, "ends with 1 entries") {
		t.Error(out)
	}
	p = r.frontEnd()
	l.complete(p.url)
	err := l.try1(p.url)
	if err == nil || !strings.Contains(err.Error(), "frozen") {
		t.Errorf("a record after the end: %v", err)
	}
}
