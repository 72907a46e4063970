package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/keys"
)

// at is the petition at another front end.
func (p *petition) at(url string) *petition {
	electorate, enrolled := *p.electorate, *p.enrolled
	electorate.url, enrolled.electorate = url, &electorate
	return &petition{enrolled: &enrolled, home: p.home, env: p.env}
}

// fetch is what a front end answers.
func (p *petition) fetch(path string) string {
	p.t.Helper()
	res, err := p.s.http.Get(p.url + path) //nolint:noctx // the client has a timeout
	check(p.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(p.t, err)
	if res.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %d %s", path, res.StatusCode, b)
	}
	return string(b)
}

// TestClusterRoll: 3,000 endorsers are imported at one front end; another one serves the
// same pages, counts and batches, hears of keys that are named later, and withholds names;
// an import whose front end is killed goes on at the other one.
func TestClusterRoll(t *testing.T) {
	r := newRig(t)
	w := newOrgs(t, electorDomain(0), electorDomain(1), electorDomain(2))
	here := serveData(t, serveOptions{data: r.data, cluster: clusterOptions{database: r.url, trillian: r.trillian}, noLimits: true, domainConfig: &w.config}, r.key, slog.DiscardHandler)
	other := r.frontEnd()
	here.data = r.data
	p := newPetition(t, enrolAll(t, here, w, 2))
	q := p.at(other.url)

	const n = 3000
	rows, want := [][]string{rollHeading}, map[string]int64{}
	stranger := logtest.NewSigner(t)
	for i := range n {
		var key *keys.Signer
		known := "listed"
		switch i % 20 {
		case 1:
			key, known = stranger, "unconfirmed"
		case 2: // of even numbers the domain is that of the key
			key, known = p.signers[0], "signed"
		}
		row := p.row(i, key)
		rows = append(rows, row)
		want[fmt.Sprintf("1 %s %s", personOf(i).Country, known)]++
		want[known]++
		want["all"]++
	}
	file := p.write("all.csv", rows...)
	if said := p.load(0, file, "--batch", "1000"); !strings.Contains(said, fmt.Sprintf("imported: %d endorsers of river version 1", n)) {
		t.Error(said)
	}
	same := func(what string) {
		t.Helper()
		for k := range want {
			if want[k] == 0 {
				delete(want, k)
			}
		}
		if got := q.counts(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v\nwant %v", what, got, want)
		}
		const api = "/api/v1/publications/river"
		for _, path := range []string{api + "/roll.json", api + "/roll/1.jsonl", api + "/versions/1/endorsers.json?after=1500", api + "/versions/1/endorsers.json?q=amina+1*", api + "/versions/1/endorsers.json?known=signed&country=EG", "/en/p/river/v/1/endorsers?q=quxl*"} {
			if here, there := p.fetch(path), q.fetch(path); here != there {
				t.Errorf("%s: %s differs: %d and %d bytes", what, path, len(here), len(there))
			}
		}
	}
	same("imported")
	for query, want := range map[string]int{"": n, "q=mohamed": n/4 - 1, "q=Quxlophon": 1, "q=jean-elie+n%27diaye": n / 12, "q=299*": 11, "known=signed": n / 20, "country=FR&known=unconfirmed": 0} {
		places, _ := q.found(query)
		if len(places) != want {
			t.Errorf("%q: %d endorsers, want %d", query, len(places), want)
		}
	}
	if said := q.run(0, "audit", q.url, "--trust", q.file("trust.json")); !strings.Contains(said, "3000 endorsers in 3 batches") {
		t.Error(said)
	}

	// A key that the domain names later, at the one, makes its people signed at the other.
	late := logtest.NewSigner(t)
	q.load(0, q.write("late.csv", rollHeading, q.row(1000, late)))
	want["1 EG unconfirmed"]++
	want["unconfirmed"]++
	want["all"]++
	same("before the key is named")
	p.enrol(2, late)
	want["1 EG unconfirmed"]--
	want["unconfirmed"]--
	want["1 EG signed"]++
	want["signed"]++
	same("after the key is named")

	// One front end withholds; no other one has the name afterwards, nor has the database.
	hidden := rows[4]
	q.load(0, q.write("hidden.csv", []string{"commitment"}, []string{signatory.Disclosure(hidden[4]).Digest()}), "--withhold", "--yes", "--reason", "They are in danger.")
	want["1 TN listed"]--
	want["listed"]--
	want["1  withheld"]++
	want["withheld"]++
	same("withheld")
	if _, names := p.found("q=quxlophon"); len(names) != 0 || strings.Contains(p.fetch("/api/v1/publications/river/roll/1.jsonl"), hidden[4]) {
		t.Errorf("a withheld name is served: %q", names)
	}
	db, err := pgx.Connect(t.Context(), r.url)
	check(t, err)
	left := 0
	check(t, db.QueryRow(t.Context(), `SELECT count(*) FROM endorser WHERE disclosure = $1 OR words @@ 'quxlophon'`, hidden[4]).Scan(&left))
	if check(t, db.Close(t.Context())); left != 0 {
		t.Error("the database has a withheld name")
	}

	// The front end dies in the middle of an import, which then goes on at the other one.
	more := [][]string{rollHeading}
	for i := range 400 {
		more = append(more, q.row(n+i, nil))
	}
	file = q.write("more.csv", more...)
	tool := exec.Command("sijil", "import", "river", file, "--server", q.url, "--trust", q.file("trust.json"), "--key", q.file("office.key"), "--passphrase-env", "PASSPHRASE", "--batch", "20")
	tool.Env = append(os.Environ(), "HOME="+q.home, "PASSPHRASE="+q.env["PASSPHRASE"])
	check(t, tool.Start())
	wait(t, "some batches", func() bool {
		b, err := os.ReadFile(file + ".import/progress.json")
		return err == nil && strings.Count(string(b), `"record"`) >= 5
	})
	other.stop(syscall.SIGKILL)
	_ = tool.Process.Kill() // or it would wait long for its server to come back
	if err := tool.Wait(); err == nil {
		t.Error("the import ended well without its server")
	}
	p.load(0, file, "--batch", "20")
	got := p.counts()
	if got["all"] != n+1+400 {
		t.Errorf("%d endorsers after all, want %d", got["all"], n+1+400)
	}
	if said := p.run(0, "audit", p.url, "--trust", p.file("trust.json")); !strings.Contains(said, fmt.Sprintf("%d endorsers in 25 batches", n+1+400)) {
		t.Error(said)
	}
}
