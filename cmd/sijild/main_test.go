package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sijil/sijil/internal/cli"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// TestMain lets scripts and crash tests run both programs, as processes of
// their own, from this one test binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sijild": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
		},
		"sijil": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			os.Exit(cli.Run(ctx, os.Args[1:], cli.System()))
		},
	})
}

// TestScript runs the stories in testdata/script: each is somebody doing
// something with the two programs.
func TestScript(t *testing.T) { testscript.Run(t, storiesIn(t, "script", nil)) }

// storiesIn is a folder of stories below testdata, with more environment for them.
func storiesIn(t *testing.T, dir string, more map[string]string) testscript.Params {
	example, err := filepath.Abs("../../example")
	check(t, err)
	return testscript.Params{
		Dir: filepath.Join("testdata", dir),
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("PASSPHRASE", "correct horse battery")
			e.Setenv("EXAMPLE", example)
			for k, v := range more {
				e.Setenv(k, v)
			}
			return nil
		},
		Cmds: scriptCommands(),
	}
}

func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"setenv-file":       setenvFile,
		"replace":           replace,
		"status":            status,
		"key":               key,
		"field":             field,
		"policy":            policyFile,
		"port":              port,
		"sql":               changeRow,
		"fetch":             fetchFiles,
		"own-verifier":      ownVerifier,
		"flip":              flip,
		"spoil-audit-state": spoilAuditState,
	}
}

// setenv-file NAME FILE waits until FILE holds a line and puts its first line
// into NAME.
func setenvFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: setenv-file NAME FILE")
	}
	path := ts.MkAbs(args[1])
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
		if b, err := os.ReadFile(path); err == nil && bytes.IndexByte(b, '\n') > 0 {
			line, _, _ := strings.Cut(string(b), "\n")
			ts.Setenv(args[0], line)
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not appear", path)
		}
	}
}

// key NAME FILE N puts line N of FILE into NAME.
func key(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: key NAME FILE N")
	}
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	lines := strings.Split(ts.ReadFile(args[1]), "\n")
	if n < 1 || n > len(lines) {
		ts.Fatalf("%s has %d lines", args[1], len(lines))
	}
	ts.Setenv(args[0], lines[n-1])
}

// field NAME FILE LABEL puts what follows LABEL, at the start of a line of FILE, into
// NAME.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: field NAME FILE LABEL")
	}
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if rest, ok := strings.CutPrefix(line, args[2]); ok {
			ts.Setenv(args[0], strings.TrimSpace(rest))
			return
		}
	}
	ts.Fatalf("%s has no line %q", args[1], args[2])
}

// sql FILE STATEMENT changes a database behind everybody's back.
func changeRow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FILE STATEMENT")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	res, err := db.Exec(args[1])
	ts.Check(err)
	n, err := res.RowsAffected()
	ts.Check(errors.Join(err, db.Close()))
	if n == 0 {
		ts.Fatalf("%s changes nothing", args[1])
	}
}

// port NAME FILE puts the port of the address in FILE into NAME.
func port(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: port NAME FILE")
	}
	_, p, err := net.SplitHostPort(strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	ts.Setenv(args[0], p)
}

// policy FILE LINE… writes FILE.
func policyFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: policy FILE LINE…")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(args[1:], "\n")+"\n"), 0o644))
}

// own-verifier BUNDLE KEY TRUST has log.Bundle.Verify, under the trust file's
// policy, check a DSSE bundle that another program wrote. That one's white space
// and member order are its own; every member has to be one that we know.
func ownVerifier(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: own-verifier BUNDLE KEY TRUST")
	}
	key, err := keys.ParsePublicKeyPEM([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	trust, err := keys.ParseTrust([]byte(ts.ReadFile(args[2])))
	ts.Check(err)
	var written log.Bundle
	ts.Check(jcs.Decode([]byte(ts.ReadFile(args[0])), &written))
	data, err := written.Marshal()
	ts.Check(err)
	b, err := log.ParseBundle(data)
	ts.Check(err)
	if _, err = b.Verify(key.ECDSA(), trust.Policy().Log().ID(), trust.Policy()); (err != nil) != neg {
		ts.Fatalf("own verifier: %v", err)
	}
}

// fetchFiles: fetch BASE DIR PATH... copies documents of a service into a folder, each under
// its own path.
func fetchFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: fetch BASE DIR PATH...")
	}
	src, err := client.NewHTTP(args[0], nil)
	ts.Check(err)
	for _, path := range args[2:] {
		b, err := src.Fetch(context.Background(), path)
		ts.Check(err)
		file := filepath.Join(ts.MkAbs(args[1]), filepath.FromSlash(path))
		ts.Check(os.MkdirAll(filepath.Dir(file), 0o755))
		ts.Check(os.WriteFile(file, b, 0o644))
	}
}

// flip FILE changes a bit of the last byte of FILE.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip FILE")
	}
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	b[len(b)-1] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// spoil-audit-state changes a bit of every audit state that the machine keeps.
func spoilAuditState(ts *testscript.TestScript, neg bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.Getenv("XDG_STATE_HOME"), "sijil", "*", "audit-*"))
	ts.Check(err)
	if neg || len(args) > 0 || len(files) == 0 {
		ts.Fatalf("usage: spoil-audit-state, where there is one")
	}
	for _, f := range files {
		flip(ts, false, []string{f})
	}
}

// replace OLD NEW FROM TO writes FROM to TO with the first OLD replaced.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: replace OLD NEW FROM TO")
	}
	b := ts.ReadFile(args[2])
	if !strings.Contains(b, args[0]) {
		ts.Fatalf("%s does not hold %q", args[2], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), []byte(strings.Replace(b, args[0], args[1], 1)), 0o644))
}

// status N COMMAND… runs a command and requires the exit status N.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit interface{ ExitCode() int }
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if want := args[0]; want != string(rune('0'+got)) {
		ts.Fatalf("%s: exit status %d, want %s", strings.Join(args[1:], " "), got, want)
	}
}
