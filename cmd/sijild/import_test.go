package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
)

// importing is somebody at a desk who imports endorsers into "river", with both programs as
// processes of their own.
type importing struct {
	*electorate
	service    *process
	data, home string
	env        []string
}

func newImporting(t *testing.T) *importing {
	data, key := newData(t)
	s := startProcess(t, data)
	x := &importing{electorate: newElectorate(t, s.url, data, key, "river", 2), service: s, data: data, home: t.TempDir()}
	x.env = append(os.Environ(), "HOME="+x.home, "PASSPHRASE=correct horse")
	office, err := x.signer.Encrypt([]byte("correct horse"))
	check(t, err)
	check(t, os.WriteFile(x.home+"/office.key", office, 0o600))
	if out, err := x.tool("trust", "init", s.url, "--out", x.home+"/trust.json", "--fingerprint", key.ID().String(), "--fingerprint", x.genesis.String()).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return x
}

func (x *importing) tool(args ...string) *exec.Cmd {
	c := exec.Command("sijil", args...)
	c.Env = x.env
	return c
}

// load is an import of a file in batches of 20.
func (x *importing) load(file string) *exec.Cmd { return x.loadAt(x.service.url, file) }

func (x *importing) loadAt(url, file string) *exec.Cmd {
	return x.tool("import", "river", x.home+"/"+file, "--server", url, "--trust", x.home+"/trust.json", "--key", x.home+"/office.key", "--passphrase-env", "PASSPHRASE", "--batch", "20", "--json")
}

func (x *importing) write(file string, rows [][]string) {
	x.t.Helper()
	f, err := os.Create(x.home + "/" + file)
	check(x.t, err)
	check(x.t, csv.NewWriter(f).WriteAll(append([][]string{rollHeading}, rows...)))
	check(x.t, f.Close())
}

// imported is what an import says.
type imported struct {
	Rows, Accepted, Refused, Resumed int64
	Batches                          []struct {
		Number, Rows int64
		Index        int64 `json:"log_index"`
	}
}

// said is what an import says that is run to its end, and whether it took all rows.
func (x *importing) said(c *exec.Cmd) (got imported, all bool) {
	x.t.Helper()
	var complaint strings.Builder
	c.Stderr = &complaint
	out, err := c.Output()
	if json.Unmarshal(out, &got) != nil {
		x.t.Errorf("%v %s%s", err, out, complaint.String())
	}
	return got, err == nil
}

// audit has an auditor say something.
func (x *importing) audit(want string) {
	x.t.Helper()
	said, err := x.tool("audit", x.service.url, "--trust", x.home+"/trust.json").CombinedOutput()
	if err != nil || !strings.Contains(string(said), want) {
		x.t.Errorf("%v %s", err, said)
	}
}

// complaints is the file of errors of an import.
func (x *importing) complaints(file, want string) {
	x.t.Helper()
	if b, err := os.ReadFile(x.home + "/" + file + ".errors.csv"); err != nil || string(b) != want {
		x.t.Errorf("%v %q", err, b)
	}
}

// TestImportKill9 kills the import, and then the service too, between any two of its steps:
// it goes on where it stopped, and every row is there once.
func TestImportKill9(t *testing.T) {
	const rows, batch = 300, 20
	const file = "all [1].csv" // no pattern
	x := newImporting(t)
	signer := logtest.NewSigner(t)
	var all [][]string
	for i := range rows {
		if i%7 == 0 {
			all = append(all, x.row(i, signer))
		} else {
			all = append(all, []string{personOf(i).Name, "", "EG", "", "", "", ""}) // salted by the tool
		}
	}
	all[49] = []string{"Nowhere", "", "XX", "", "", "", ""}
	x.write(file, all)
	done := func() int {
		var p struct{ Batches []struct{} }
		b, err := os.ReadFile(x.home + "/" + file + ".import/progress.json")
		if err != nil {
			return 0
		}
		check(t, json.Unmarshal(b, &p))
		return len(p.Batches)
	}
	for round := range 4 {
		c := x.load(file)
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
			x.service.stop(syscall.SIGKILL)
			x.service = startProcess(t, x.data)
		}
	}
	got, clean := x.said(x.load(file))
	if clean || got.Rows != rows || got.Accepted != rows-1 || got.Refused != 1 || got.Resumed < 12*batch-batch || len(got.Batches) != rows/batch {
		t.Errorf("%v %+v", clean, got)
	}
	for i, b := range got.Batches {
		if b.Number != int64(i+1) || i > 0 && b.Index <= got.Batches[i-1].Index {
			t.Errorf("%+v", got.Batches)
		}
	}
	x.complaints(file, "row,problem\n50,\"country \"\"XX\"\" is not an ISO 3166-1 alpha-2 code in capitals\"\n")
	x.audit("299 endorsers in 15 batches of the publisher, counted; 42 signatures")
	if left, err := filepath.Glob(x.home + "/*.import/pending*"); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

// TestImportRefused: of batches on their way one is refused, for rows that are in the roll.
// The others follow it again, and all but those rows are there once.
func TestImportRefused(t *testing.T) {
	x := newImporting(t)
	var first, second [][]string
	for i := range 100 {
		row := x.row(i, nil)
		if i < 20 {
			first = append(first, row)
		}
		if i == 4 || i == 5 || i >= 20 {
			second = append(second, row)
		}
	}
	second[30], second[0] = second[0], second[30] // the second batch
	second[61], second[1] = second[1], second[61] // the fourth
	x.write("first.csv", first)
	x.write("second.csv", second)
	if got, clean := x.said(x.load("first.csv")); !clean || got.Accepted != 20 {
		t.Fatalf("%v %+v", clean, got)
	}
	got, clean := x.said(x.load("second.csv"))
	if clean || got.Rows != 82 || got.Accepted != 80 || got.Refused != 2 || len(got.Batches) != 5 {
		t.Errorf("%v %+v", clean, got)
	}
	for i, b := range got.Batches {
		if b.Number != int64(i+2) || b.Rows != []int64{20, 19, 20, 19, 2}[i] {
			t.Errorf("%+v", got.Batches)
		}
	}
	x.complaints("second.csv", "row,problem\n31,the entry stands in the roll already\n62,the entry stands in the roll already\n")
	x.audit("100 endorsers in 6 batches of the publisher, counted")
}

// TestImportOutOfOrder: a batch that comes before the one that it follows, as at another front
// end, is handed in again as it was signed.
func TestImportOutOfOrder(t *testing.T) {
	x := newImporting(t)
	var all [][]string
	for i := range 40 {
		all = append(all, []string{personOf(i).Name, "", "EG", "", "", "", ""})
	}
	x.write("all.csv", all)
	service, err := url.Parse(x.service.url)
	check(t, err)
	var mu sync.Mutex
	var bodies []string
	answered := make(chan struct{}) // the second
	proxy := httputil.NewSingleHostReverseProxy(service)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := 0
		if strings.HasSuffix(r.URL.Path, "/batches") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			mu.Lock()
			bodies = append(bodies, string(body))
			n = len(bodies)
			mu.Unlock()
		}
		if n == 1 {
			select {
			case <-answered:
			case <-r.Context().Done():
			}
		}
		proxy.ServeHTTP(w, r)
		if n == 2 {
			close(answered)
		}
	}))
	defer front.Close()
	if got, clean := x.said(x.loadAt(front.URL, "all.csv")); !clean || got.Accepted != 40 || len(got.Batches) != 2 {
		t.Errorf("%v %+v", clean, got)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(bodies) != 3 || bodies[1] != bodies[2] || bodies[0] == bodies[1] {
		t.Errorf("%d bodies are handed in", len(bodies))
	}
	x.audit("40 endorsers in 2 batches of the publisher, counted")
}

// TestImportsOvertake: two people import into one publication at the same time.
func TestImportsOvertake(t *testing.T) {
	const rows = 200
	x := newImporting(t)
	files := []string{"left.csv", "right.csv"}
	loads := make([]*exec.Cmd, len(files))
	for k, file := range files {
		var all [][]string
		for i := range rows {
			all = append(all, []string{personOf(k*rows + i).Name, "", "EG", "", "", "", ""})
		}
		x.write(file, all)
		loads[k] = x.load(file)
	}
	var both sync.WaitGroup
	for _, c := range loads {
		both.Go(func() {
			if got, clean := x.said(c); !clean || got.Accepted != rows || len(got.Batches) != rows/20 {
				t.Errorf("%v %+v", clean, got)
			}
		})
	}
	both.Wait()
	x.audit("400 endorsers in 20 batches of the publisher, counted")
}
