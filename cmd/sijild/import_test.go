package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
)

// TestImportKill9 kills the import, and then the service too, between any two of its steps:
// it goes on where it stopped, and every row is there once.
func TestImportKill9(t *testing.T) {
	const rows, batch = 300, 20
	data, key := newData(t)
	s := startProcess(t, data)
	x := newElectorate(t, s.url, data, key, "river", 2)
	home := t.TempDir()
	env := append(os.Environ(), "HOME="+home, "PASSPHRASE=correct horse")
	office, err := x.signer.Encrypt([]byte("correct horse"))
	check(t, err)
	check(t, os.WriteFile(home+"/office.key", office, 0o600))
	f, err := os.Create(home + "/all.csv")
	check(t, err)
	all := [][]string{rollHeading}
	signer := logtest.NewSigner(t)
	for i := range rows {
		if i%7 == 0 {
			all = append(all, x.row(i, signer))
		} else {
			all = append(all, []string{personOf(i).Name, "", "EG", "", "", "", ""}) // salted by the tool
		}
	}
	all[50] = []string{"Nowhere", "", "XX", "", "", "", ""}
	check(t, csv.NewWriter(f).WriteAll(all))
	check(t, f.Close())
	tool := func(args ...string) *exec.Cmd {
		c := exec.Command("sijil", args...)
		c.Env = env
		return c
	}
	if out, err := tool("trust", "init", s.url, "--out", home+"/trust.json", "--fingerprint", key.ID().String(), "--fingerprint", x.genesis.String()).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	load := func() *exec.Cmd {
		return tool("import", "river", home+"/all.csv", "--server", s.url, "--trust", home+"/trust.json", "--key", home+"/office.key", "--passphrase-env", "PASSPHRASE", "--batch", "20", "--json")
	}
	done := func() int {
		var p struct{ Batches []struct{} }
		b, err := os.ReadFile(home + "/all.csv.import/progress.json")
		if err != nil {
			return 0
		}
		check(t, json.Unmarshal(b, &p))
		return len(p.Batches)
	}
	for round := range 4 {
		c := load()
		check(t, c.Start())
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		for tick := time.NewTicker(time.Millisecond); done() < 3*(round+1); {
			select {
			case err := <-ended:
				t.Fatalf("the import ended by itself after %d batches: %v", done(), err)
			case <-tick.C:
			}
		}
		check(t, c.Process.Kill())
		<-ended
		t.Logf("killed after %d batches", done())
		if round%2 == 1 {
			s.stop(syscall.SIGKILL)
			s = startProcess(t, data)
		}
	}
	out, err := load().Output()
	var got struct {
		Rows, Accepted, Refused, Resumed int64
		Batches                          []struct{ Rows int64 }
	}
	check(t, json.Unmarshal(out, &got))
	if err == nil || got.Rows != rows || got.Accepted != rows-1 || got.Refused != 1 || got.Resumed < 12*batch-batch || len(got.Batches) != rows/batch {
		t.Errorf("%v %s", err, out)
	}
	if b, err := os.ReadFile(home + "/all.csv.errors.csv"); err != nil || string(b) != "row,problem\n50,\"country \"\"XX\"\" is not an ISO 3166-1 alpha-2 code in capitals\"\n" {
		t.Errorf("%v %q", err, b)
	}
	said, err := tool("audit", s.url, "--trust", home+"/trust.json").CombinedOutput()
	if err != nil || !strings.Contains(string(said), "299 endorsers in 15 batches of the publisher, counted; 42 signatures") {
		t.Errorf("%v %s", err, said)
	}
	if left, err := filepath.Glob(home + "/all.csv.import/pending*"); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}
