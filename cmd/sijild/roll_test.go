package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// petition is an electorate whose publisher has the tool.
type petition struct {
	*enrolled
	home string
	env  map[string]string
}

func newPetition(t testing.TB, e *enrolled) *petition {
	t.Helper()
	p := &petition{enrolled: e, home: t.TempDir(), env: map[string]string{"PASSPHRASE": "correct horse"}}
	p.env["HOME"] = p.home
	file, err := e.signer.Encrypt([]byte("correct horse"))
	check(t, err)
	check(t, os.WriteFile(p.file("office.key"), file, 0o600))
	p.run(0, "trust", "init", e.url, "--out", p.file("trust.json"), "--fingerprint", e.key.ID().String(), "--fingerprint", e.genesis.String())
	return p
}

func (p *petition) file(name string) string { return filepath.Join(p.home, name) }

func (p *petition) run(want int, args ...string) string {
	p.t.Helper()
	code, out, said := sijilOver(p.t, p.s.http, p.env, args...)
	if code != want {
		p.t.Fatalf("sijil %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), code, want, out, said)
	}
	return out + said
}

// load imports a file, and wants an exit status.
func (p *petition) load(want int, file string, more ...string) string {
	p.t.Helper()
	return p.run(want, append([]string{"import", "river", file, "--server", p.url, "--trust", p.file("trust.json"), "--key", p.file("office.key"), "--passphrase-env", "PASSPHRASE"}, more...)...)
}

// person is row n of a petition: name, country and domain.
func personOf(n int) signatory.Signatory {
	s := signatory.Signatory{Name: fmt.Sprintf("%s %s %d", []string{"Amina", "ليلى", "Jean-Élie", "Mohamed"}[n%4], []string{"Saleh", "الحداد", "N'Diaye"}[n%3], n), Kind: signatory.Person,
		Country: []string{"EG", "MA", "FR", "TN", ""}[n%5]}
	if n == 3 {
		s.Name = "Zebunnisa Quxlophon"
	}
	switch {
	case n == 1000:
		s.Domain = electorDomain(2)
	case n%2 == 0:
		s.Domain = electorDomain(0)
	}
	return s
}

// row is that row with a signature by a key, as the file has it.
func (x *electorate) row(n int, key *keys.Signer) []string {
	x.t.Helper()
	s := personOf(n)
	salt, err := signatory.NewSalt(rand.Reader)
	check(x.t, err)
	d, err := signatory.Disclose(s, salt)
	check(x.t, err)
	out := []string{s.Name, string(s.Kind), s.Country, s.Domain, string(d), "", ""}
	if key == nil {
		return out
	}
	payload, err := statement.EncodeClaim(&statement.Endorsement{Text: x.text, About: statement.About{Entry: d.Digest(), Issued: "2026-02-03T04:05:06Z", Log: statement.NameOf(x.key), Publication: x.genesis, Version: x.version}})
	check(x.t, err)
	b, err := key.Sign(rand.Reader, payload)
	check(x.t, err)
	bundle, err := b.Marshal()
	check(x.t, err)
	out[5], out[6] = string(bundle), base64.StdEncoding.EncodeToString(key.Public().SPKI())
	return out
}

// rolled are the operations of rolls.
var rolled = []string{
	"/api/v1/publications/{slug}/batches", "/api/v1/publications/{slug}/roll.jsonl", "/api/v1/latest/publications/{slug}/roll.jsonl", "/api/v1/publications/{slug}/roll/{number}.jsonl",
	"/api/v1/latest/publications/{slug}/roll/{number}.jsonl", "/api/v1/publications/{slug}/roll.json", "/api/v1/publications/{slug}/versions/{version}/endorsers.json",
}

var rollHeading = []string{"name", "kind", "country", "domain", "disclosure", "bundle", "key"}

func (p *petition) write(name string, rows ...[]string) string {
	p.t.Helper()
	var b bytes.Buffer
	check(p.t, csv.NewWriter(&b).WriteAll(rows))
	check(p.t, os.WriteFile(p.file(name), b.Bytes(), 0o600))
	return p.file(name)
}

// counts is what the service says, by "version country known".
func (p *petition) counts() map[string]int64 {
	p.t.Helper()
	var got struct {
		Counts []struct {
			Version        int
			Country, Known string
			Count          int64
		}
	}
	p.get("/api/v1/publications/river/roll.json", &got)
	out := map[string]int64{}
	for _, c := range got.Counts {
		out[fmt.Sprintf("%d %s %s", c.Version, c.Country, c.Known)] = c.Count
		out[c.Known] += c.Count
		out["all"] += c.Count
	}
	return out
}

func (p *petition) get(path string, into any) {
	p.t.Helper()
	res, err := p.s.http.Get(p.url + path)
	check(p.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(p.t, err)
	if res.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %d %s", path, res.StatusCode, b)
	}
	check(p.t, json.Unmarshal(b, into))
}

// found are the places of the endorsers that a query gives, over all pages.
func (p *petition) found(query string) (places []int64, names []string) {
	p.t.Helper()
	for after := int64(0); ; {
		var got struct {
			Endorsers []struct {
				Place int64
				Name  string
			}
			Next int64
		}
		p.get(fmt.Sprintf("/api/v1/publications/river/versions/1/endorsers.json?after=%d&%s", after, query), &got)
		for _, e := range got.Endorsers {
			places, names = append(places, e.Place), append(names, e.Name)
		}
		if after = got.Next; after == 0 {
			return places, names
		}
	}
}

// TestRoll: endorsers are imported, counted, found, withdrawn and withheld; bad rows are
// named and left out; a second run adds nothing; and the log stands an audit throughout.
func TestRoll(t *testing.T) {
	p := newPetition(t, newEnrolled(t, 2))
	described := callerFor(t, p.s)
	p.s.http = described.http
	defer func() {
		for _, path := range rolled {
			if !described.contract.touched(described.contract.doc.Paths.Find(path)) && !strings.Contains(path, "latest") {
				t.Errorf("no exchange has touched %s", path)
			}
		}
	}()
	rows := [][]string{rollHeading}
	const n = 240
	stranger := logtest.NewSigner(t)
	want := map[string]int64{}
	for i := range n {
		var key *keys.Signer
		known := "listed"
		switch {
		case i%3 == 1:
			key, known = stranger, "unconfirmed"
		case i%3 == 2:
			if key, known = p.signers[0], "unconfirmed"; i%2 == 0 { // the domain's key signs for the domain's people alone
				known = "signed"
			}
		}
		rows = append(rows, p.row(i, key))
		want[fmt.Sprintf("1 %s %s", personOf(i).Country, known)]++
		want[known]++
		want["all"]++
	}
	bad := p.row(0, stranger)
	bad[5] = strings.Replace(bad[5], `"sig":"M`, `"sig":"N`, 1)
	rows = append(rows, bad, rows[1], []string{"", "person", "EG", "", "", "", ""}, []string{"Amina", "person", "XX", "", "", "", ""}, []string{"short"})
	file := p.write("all.csv", rows...)

	said := p.load(1, file, "--dry-run")
	if !strings.Contains(said, "published nothing: 240 endorsers") || !strings.Contains(said, "5 of 245 rows were not taken") {
		t.Errorf("dry run: %s", said)
	}
	if got := p.counts(); len(got) > 0 {
		t.Errorf("a dry run published %v", got)
	}
	if said = p.load(1, file); !strings.Contains(said, "imported: 240 endorsers of river version 1, 160 of them with a signature") {
		t.Error(said)
	}
	errors, err := os.ReadFile(file + ".errors.csv")
	check(t, err)
	for i, want := range []string{"row,problem", "241,claim: the signature does not verify", "242,the entry stands in the file twice", "243,name is empty", `244,"country ""XX""`, "245,wrong number of fields"} {
		if lines := strings.Split(string(errors), "\n"); len(lines) != 7 || !strings.HasPrefix(lines[i], want) {
			t.Errorf("errors, line %d: want %s\n%s", i+1, want, errors)
		}
	}
	compare := func(what string) {
		t.Helper()
		got := p.counts()
		for k := range want {
			if want[k] == 0 {
				delete(want, k)
			}
		}
		for k, x := range got {
			if want[k] != x {
				t.Errorf("%s: %q is counted %d, want %d", what, k, x, want[k])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: counts %v\nwant %v", what, got, want)
		}
		p.run(0, "audit", p.url, "--trust", p.file("trust.json"))
	}
	compare("imported")
	if _, names := p.found("q=Quxlophon"); len(names) != 1 {
		t.Errorf("found %q", names)
	}
	if b, err := os.ReadFile(filepath.Join(p.s.data, "sijil.sqlite-wal")); err != nil || !bytes.Contains(b, []byte("lophon")) {
		t.Errorf("the write-ahead log does not hold the name, so that looking for it later shows nothing: %v", err)
	}
	if said = p.load(1, file); !strings.Contains(said, "was imported before") {
		t.Error(said)
	}
	again := p.write("again.csv", append([][]string{rollHeading, p.row(n, nil)}, rows[1:11]...)...)
	if said = p.load(1, again); !strings.Contains(said, "imported: 1 endorsers") || !strings.Contains(said, "10 of 11 rows were not taken") {
		t.Errorf("rows that are there: %s", said)
	}
	want["1 "+personOf(n).Country+" listed"]++
	want["listed"]++
	want["all"]++
	compare("imported again")

	places, _ := p.found("")
	if len(places) != n+1 || places[0] != 1 || places[n] != n+1 {
		t.Errorf("all pages: %d endorsers, %v", len(places), places)
	}
	for query, want := range map[string]int{"q=amina": 60 + 1, "q=AMINA+sal*": 20 + 1, "q=amina+sal": 0, "q=nd": 0, "q=jean-elie": 60, "q=%D8%A7%D9%84%D8%AD%D8%AF%D8%A7%D8%AF": 80, "country=EG": 49, "known=signed": 40, "country=EG&known=signed": 8,
		"country=FR&q=mohamed": 12, "q=amina+mohamed": 0, "q=%22": n + 1, "q=%22*": n + 1} {
		if got, names := p.found(query); len(got) != want {
			t.Errorf("%s: %d endorsers, want %d: %q", query, len(got), want, names)
		}
	}

	// Two withdraw, and one name is withheld: by disclosure and by commitment.
	gone := p.write("gone.csv", []string{"disclosure"}, []string{rows[3][4]}, []string{rows[1][4]}, []string{p.row(0, nil)[4]})
	if said = p.load(1, gone, "--withdraw", "--reason", "By their letters."); !strings.Contains(said, "withdrawn: 2 endorsers") || !strings.Contains(said, "1 of 3 rows") {
		t.Error(said)
	}
	want["1 FR unconfirmed"]--
	want["unconfirmed"]--
	want["1 FR withdrawn"]++
	want["1 EG listed"]--
	want["listed"]--
	want["1 EG withdrawn"]++
	want["withdrawn"] += 2
	// rows[3] is person 2: signed by the domain's key.
	want["1 FR unconfirmed"]++
	want["unconfirmed"]++
	want["1 FR signed"]--
	want["signed"]--
	compare("withdrawn")
	hidden := p.write("hidden.csv", []string{"commitment"}, []string{signatory.Disclosure(rows[4][4]).Digest()}, []string{signatory.Disclosure(rows[1][4]).Digest()})
	p.load(0, hidden, "--withhold", "--yes", "--reason", "They are in danger.")
	want["1 TN listed"]--
	want["listed"]--
	want["1 EG withdrawn"]--
	want["withdrawn"]--
	want["1  withheld"] += 2
	want["withheld"] += 2
	compare("withheld")
	if got, names := p.found("q=quxlophon"); len(got) != 0 {
		t.Errorf("a withheld name is found: %q", names)
	}
	for _, name := range []string{"sijil.sqlite", "sijil.sqlite-wal"} {
		b, err := os.ReadFile(filepath.Join(p.s.data, name))
		if err == nil && (bytes.Contains(b, []byte(rows[4][4])) || bytes.Contains(bytes.ToLower(b), []byte("lophon"))) {
			t.Errorf("%s holds a withheld name", name)
		}
	}

	// A key that the domain names later makes its people signed.
	late := logtest.NewSigner(t)
	p.load(0, p.write("late.csv", rollHeading, p.row(1000, late), p.row(1001, late)))
	want["1 EG unconfirmed"]++
	want["1 MA unconfirmed"]++
	want["unconfirmed"] += 2
	want["all"] += 2
	compare("before the key is named")
	p.enrol(2, late)
	want["1 EG unconfirmed"]--
	want["unconfirmed"]--
	want["1 EG signed"]++
	want["signed"]++
	compare("after the key is named")

	// A mirror holds the roll, takes new batches, and forgets what is withheld.
	dir := p.file("mirror")
	p.run(0, "mirror", p.url, dir, "--trust", p.file("trust.json"))
	first, err := os.ReadFile(filepath.Join(dir, "api/v1/publications/river/roll/1.jsonl"))
	check(t, err)
	p.load(0, p.write("hidden2.csv", []string{"disclosure"}, []string{rows[6][4]}), "--withhold", "--yes", "--reason", "A wish.")
	p.run(0, "mirror", p.url, dir, "--trust", p.file("trust.json"))
	second, err := os.ReadFile(filepath.Join(dir, "api/v1/publications/river/roll/1.jsonl"))
	check(t, err)
	if !bytes.Contains(first, []byte(rows[6][4])) || bytes.Contains(second, []byte(rows[6][4])) {
		t.Error("the mirror does not forget what is withheld")
	}
	const counted = "243 endorsers in 6 batches of the publisher, counted; 161 signatures"
	if said := p.run(0, "audit", dir, "--trust", p.file("trust.json")); !strings.Contains(said, counted) {
		t.Error(said)
	}

	// So does an exported folder, unless it is told not to.
	export := func(dir string, more ...string) string {
		t.Helper()
		return p.run(0, append([]string{"export", "--server", p.url, "--trust", p.file("trust.json"), "--out", dir}, more...)...)
	}
	if said := export(p.file("evidence")); !strings.Contains(said, "with its roll of endorsers (batches: 6)") {
		t.Error(said)
	}
	if said := p.run(0, "audit", p.file("evidence"), "--trust", p.file("trust.json")); !strings.Contains(said, counted) {
		t.Error(said)
	}
	for _, name := range []string{"roll/1.jsonl", "roll/6.jsonl"} {
		want, err := os.ReadFile(filepath.Join(dir, "api/v1/publications/river", name))
		check(t, err)
		if got, err := os.ReadFile(filepath.Join(p.file("evidence"), "river", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the service serves: %v", name, err)
		}
	}
	export(p.file("lean"), "--no-roll")
	if _, err := os.Stat(filepath.Join(p.file("lean"), "river", "roll.jsonl")); !os.IsNotExist(err) {
		t.Errorf("--no-roll: %v", err)
	}
	if said := p.run(0, "audit", p.file("lean"), "--trust", p.file("trust.json")); !strings.Contains(said, "whether it has a roll of endorsers: the folder holds none") {
		t.Error(said)
	}
}

// TestRollPages: the pages count the endorsers, find them, and lead from page to page.
func TestRollPages(t *testing.T) {
	p := newPetition(t, newEnrolled(t, 1))
	rows := [][]string{rollHeading}
	const n = 230
	for i := range n {
		rows = append(rows, p.row(i, nil))
	}
	p.load(0, p.write("all.csv", rows...))
	page := func(path string, want ...string) string {
		t.Helper()
		res, err := p.s.http.Get(p.url + path)
		check(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		check(t, err)
		for _, w := range want {
			if !strings.Contains(string(b), w) {
				t.Errorf("%s (%d) does not say %q", path, res.StatusCode, w)
			}
		}
		return string(b)
	}
	page("/en/p/river", `id="endorsers"`, "230 people and organisations endorse this version", "/en/p/river/v/1/endorsers?known=listed")
	page("/fr/p/river/v/1", "230 personnes et organisations", "Soutiens")
	next := regexp.MustCompile(`href="([^"]+)" rel="next"`)
	path, seen := "/en/p/river/v/1/endorsers?country=EG&q=", 0
	for path != "" {
		body := page(path, "Egypt: 46", "Amina Saleh 0</bdi>")
		seen += strings.Count(body, `class="is-listed"`)
		if path = ""; next.MatchString(body) {
			t.Error("46 do not fit on one page")
		}
	}
	if seen != 46 {
		t.Errorf("%d from Egypt", seen)
	}
	seen = 0
	for path = "/ar/p/river/v/1/endorsers"; path != ""; {
		body := page(path, `dir="rtl"`, "مصر")
		seen += strings.Count(body, `class="is-listed"`)
		m := next.FindStringSubmatch(body)
		if path = ""; m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if seen != n {
		t.Errorf("%d on all pages", seen)
	}
	page("/en/p/river/v/1/endorsers?q=quxl*", "Zebunnisa Quxlophon")
	page("/en/p/river/v/1/endorsers?q=nobody", "There is nobody like that.")
	page("/en/p/river/v/2/endorsers", "Not found")
	p.load(0, p.write("gone.csv", []string{"disclosure"}, []string{rows[4][4]}), "--withhold", "--yes", "--reason", "A wish.")
	page("/en/p/river/v/1/endorsers?after=2", "one name withheld at the signatory’s wish")
	page("/en/p/river/v/1/endorsers?q=quxl*", "There is nobody like that.")
	page("/en/p/river", "1 name withheld", "230 people and organisations")

	// The pages of the log say what each batch is, and the feeds tell of it.
	var batches []int64
	for _, n := range []int{1, 2} {
		batches = append(batches, p.batchIndex(n))
	}
	page(fmt.Sprintf("/en/log/entries/%d", batches[0]), "Endorsers of version 1 added: 230 (batch 1 of the roll)", `href="/en/p/river/v/1/endorsers"`, "sijil audit")
	body := page(fmt.Sprintf("/fr/log/entries/%d", batches[1]), "Noms de soutiens qui ne sont plus divulgués : 1 (lot 2)", `href="/fr/p/river"`)
	bundle := regexp.MustCompile(`href="(/api/v1/publications/river/records/[0-9a-f]{64}.bundle.json)"`).FindStringSubmatch(body)
	if bundle == nil || !strings.Contains(page(bundle[1]), "dsseEnvelope") {
		t.Errorf("no bundle of the batch: %q", bundle)
	}
	page(fmt.Sprintf("/ar/log/entries/%d", batches[1]), "أسماء مؤيدين حُجبت: 1 (الدفعة 2)")
	page("/en/p/river/feed.atom", "Endorsers of version 1 added: 230 (batch 1 of the roll)", "/en/p/river/v/1/endorsers", "Names of endorsers withheld: 1 (batch 2 of the roll)", "A wish.")
	page("/fr/feed.json", "Soutiens ajoutés à la version 1 : 230 (lot 1)")
}

// batchIndex is where a batch stands in the log.
func (p *petition) batchIndex(number int) int64 {
	p.t.Helper()
	res, err := p.s.http.Get(p.url + "/api/v1/publications/river/roll.jsonl")
	check(p.t, err)
	defer res.Body.Close()
	doc, err := io.ReadAll(res.Body)
	check(p.t, err)
	var line struct{ Bundle json.RawMessage }
	check(p.t, json.Unmarshal(bytes.Split(doc, []byte("\n"))[number-1], &line))
	b, err := log.ParseBundle(line.Bundle)
	check(p.t, err)
	return b.VerificationMaterial.LogEntries[0].LogIndex
}

// TestRollOfSeveralKeys: under a policy of two signatures an import is refused before a row
// is read, and the tool says what to do; doing it works, and audits stay clean.
func TestRollOfSeveralKeys(t *testing.T) {
	p := newPetition(t, newEnrolled(t, 1))
	sign := func(want int, key string, args ...string) string {
		t.Helper()
		return p.run(want, append(args, "--server", p.url, "--trust", p.file("trust.json"), "--key", p.file(key), "--passphrase-env", "PASSPHRASE")...)
	}
	p.run(0, "keygen", "--out", p.file("second"), "--passphrase-env", "PASSPHRASE")
	sign(0, "office.key", "policy", "river", "--add", p.file("second.pub"), "--threshold", "2", "--reason", "Two sign.")
	file := p.write("all.csv", rollHeading, p.row(0, nil), p.row(1, nil))
	refused := func(more ...string) {
		t.Helper()
		said := p.load(1, file, more...)
		if !strings.Contains(said, "this one asks for 2") || !strings.Contains(said, "sijil policy river --threshold 1`, signed by as many keys as now, and afterwards --threshold 2 again") {
			t.Error(said)
		}
	}
	refused()
	refused("--dry-run")
	said := sign(0, "office.key", "policy", "river", "--threshold", "1", "--reason", "One key imports the endorsers.")
	sign(0, "second.key", "cosign", "river", "--record", recordOf(t, said), "--yes")
	p.load(0, file)
	sign(0, "second.key", "policy", "river", "--threshold", "2", "--reason", "Two sign again.")
	p.run(0, "audit", p.url, "--trust", p.file("trust.json"))
	refused()
	if got := p.counts(); got["listed"] != 2 {
		t.Errorf("%v", got)
	}
}
