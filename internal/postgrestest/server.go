// Package postgrestest starts PostgreSQL for a test, from the programs that Debian's
// package installs: a server in a folder of its own, on a Unix socket, run by a user
// who is not root, whoever runs the test.
package postgrestest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running server. It stops with its test.
type Server struct {
	t     testing.TB
	dir   string
	cmd   *exec.Cmd
	bases int
}

// patience is how long a server may take to start.
const patience = time.Minute

// Start starts a server, or skips the test where PostgreSQL is not installed. With
// SIJIL_PROGRAMS set, that is a failure.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t}
	if program("postgres") == "" {
		if os.Getenv("SIJIL_PROGRAMS") != "" {
			t.Fatal("PostgreSQL is not installed (Debian: postgresql)")
		}
		t.Skip("PostgreSQL is not installed (Debian: postgresql)")
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "sijil-postgres-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(s.dir) })
	if uid, gid, ok := other(t); ok {
		if err := os.Chown(s.dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	init := s.command("initdb", "-D", s.data(), "-U", "sijil", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions")
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	t.Cleanup(func() { s.stop(syscall.SIGINT) })
	s.Start()
	return s
}

// program finds one of PostgreSQL's programs; Debian keeps them out of the path.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is sound
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// other is the user who runs the server instead of root, and false where nobody needs
// to stand in.
func other(t testing.TB) (uid, gid int, ok bool) {
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(u.Uid) // numbers, on all that has users like these
			gid, _ := strconv.Atoi(u.Gid)
			return uid, gid, true
		}
	}
	t.Fatal("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
	return 0, 0, false
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(program(name), args...)
	cmd.Dir, cmd.Env = s.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TZ=UTC"}
	if uid, gid, ok := other(s.t); ok {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	return cmd
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Start starts the server again after Kill, and returns when it answers.
func (s *Server) Start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for ctx.Err() == nil {
		log, err := os.Create(filepath.Join(s.dir, "log"))
		if err != nil {
			s.t.Fatal(err)
		}
		s.cmd = s.command("postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "recovery_init_sync_method=syncfs", "-c", "max_connections=200", "-c", "shared_buffers=32MB")
		s.cmd.Stdout, s.cmd.Stderr = log, log
		if err := s.cmd.Start(); err != nil {
			s.t.Fatal(err)
		}
		log.Close()
		ended := make(chan struct{})
		go func(cmd *exec.Cmd) { _ = cmd.Wait(); close(ended) }(s.cmd)
		if s.answers(ctx, ended) {
			return
		}
		// What a killed server left may keep the next one out for a moment.
	}
	s.t.Fatalf("PostgreSQL does not start:\n%s", s.log())
}

// answers waits until the server takes connections, and reports false when it ended.
func (s *Server) answers(ctx context.Context, ended <-chan struct{}) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := pgx.Connect(ctx, s.URL("postgres")); err == nil {
			_ = c.Close(ctx)
			return true
		}
		select {
		case <-ended:
			return false
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

func (s *Server) log() string {
	b, _ := os.ReadFile(filepath.Join(s.dir, "log")) // for a message alone
	return strings.TrimSpace(string(b))
}

// URL is the address of a database of the server.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres:///%s?host=%s&user=sijil", database, s.dir)
}

// Database makes an empty database, and returns its address.
func (s *Server) Database() string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close(ctx)
	s.bases++
	name := fmt.Sprintf("test%d", s.bases)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		s.t.Fatal(err)
	}
	return s.URL(name)
}

// Kill kills the server as a crash of the machine would, but for the disk's cache: the
// processes that serve connections too, which would outlive the first one for a moment.
func (s *Server) Kill() {
	s.t.Helper()
	all := []int{s.cmd.Process.Pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range stats {
		if pid, parent, ok := running(name); ok && parent == all[0] {
			all = append(all, pid)
		}
	}
	s.stop(syscall.SIGKILL)
	for _, pid := range all[1:] {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
	}
	deadline := time.Now().Add(patience)
	for _, pid := range all[1:] {
		for _, _, ok := running(fmt.Sprintf("/proc/%d/stat", pid)); ok; _, _, ok = running(fmt.Sprintf("/proc/%d/stat", pid)) {
			if time.Now().After(deadline) {
				s.t.Fatal("PostgreSQL does not die")
			}
			runtime.Gosched()
		}
	}
}

// running reads a process and its parent out of the kernel's description (proc(5)); false for
// one that is no more, or waits for nothing but to be noticed.
func running(stat string) (pid, parent int, ok bool) {
	b, err := os.ReadFile(stat)
	if err != nil {
		return 0, 0, false
	}
	// The name, in parentheses, may hold anything.
	first, rest, _ := strings.Cut(string(b), " (")
	fields := strings.Fields(rest[strings.LastIndexByte(rest, ')')+1:])
	if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
		return 0, 0, false
	}
	pid, err = strconv.Atoi(first)
	if err == nil {
		parent, err = strconv.Atoi(fields[1])
	}
	return pid, parent, err == nil
}

func (s *Server) stop(sig syscall.Signal) {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig) // it may have ended
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for s.cmd.Process.Signal(syscall.Signal(0)) == nil {
		select {
		case <-deadline:
			s.t.Error("PostgreSQL does not stop")
			return
		case <-tick.C:
		}
	}
}
