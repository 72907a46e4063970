package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/tilewriter"
)

var (
	faultFlips = flag.Int("fault-flips", 100, "how many bits TestFaultFlips turns over")
	faultSeed  = flag.Uint64("fault-seed", 1, "which ones")
)

// TestFaultFlips turns over one bit after another in a data folder's databases and tiles.
// sijild check finds each that changes what is kept; what it does not find is in bytes
// that hold nothing. No copy gets a wrong verdict from a folder that was not found out.
func TestFaultFlips(t *testing.T) {
	f := newFault(t, "a bit flips in a database or a tile")
	files := flipFolder(t)
	names := slices.Sorted(maps.Keys(files))
	want := contents(t, files)
	copies := copiesOf()
	var found, bySQLite, loose, empty, verdicts atomic.Int64
	var mu sync.Mutex
	in := map[string]int{}
	eachFlip(t, *faultFlips, names, files, func(dir string, x bitFlip) {
		f.rounds.Add(1)
		x.write(t, dir, files)
		lines, err := checkData(context.Background(), serveOptions{data: dir})
		said := err != nil || len(lines) > 0
		if said {
			found.Add(1)
			if strings.Contains(strings.Join(lines, "\n"), "database ") {
				bySQLite.Add(1)
			}
		}
		// The verdict of a service that is started all the same.
		for _, v := range verdictsOf(dir, copies) {
			verdicts.Add(1)
			if v.got != v.want && v.got != "unchecked" {
				t.Errorf("%s: a copy that is %s is called %s", x, v.want, v.got)
				f.wrong.Add(1)
			}
		}
		if said {
			return
		}
		where := differs(want, contentsIn(dir, files))
		if unsigned.MatchString(where) {
			loose.Add(1)
			return
		}
		if where != "" {
			t.Errorf("%s: changes %s, and check says nothing", x, where)
			f.undetected.Add(1)
			mu.Lock()
			in[where]++
			mu.Unlock()
			return
		}
		empty.Add(1)
	})
	f.note = fmt.Sprintf("%d found by check (%d of them by SQLite's own), %d in bytes that hold nothing, %d in values that nothing signs; %d verdicts asked for", found.Load(), bySQLite.Load(), empty.Load(), loose.Load(), verdicts.Load())
	if len(in) > 0 {
		t.Logf("undetected, by place: %v", in)
	}
}

// bitFlip is one bit of a file.
type bitFlip struct {
	name string
	at   int
	bit  uint
}

func (x bitFlip) String() string { return fmt.Sprintf("%s, byte %d, bit %d", x.name, x.at, x.bit) }

// turned is the file with the bit turned over.
func (x bitFlip) turned(files map[string][]byte) []byte {
	b := bytes.Clone(files[x.name])
	b[x.at] ^= 1 << x.bit
	return b
}

// write puts all files as they were into a folder, and then the one.
func (x bitFlip) write(t *testing.T, dir string, files map[string][]byte) {
	for name, b := range files {
		if name == x.name {
			b = x.turned(files)
		}
		if now, err := os.ReadFile(filepath.Join(dir, name)); err == nil && bytes.Equal(now, b) {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{rowsFile, filepath.Join(trillianDir, "trillian.sqlite")} {
		for _, suffix := range []string{"-wal", "-shm"} {
			if err := os.Remove(filepath.Join(dir, name+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		}
	}
}

// eachFlip calls do for bits at random: the file first, then a place in it. Each worker
// has a folder of its own.
func eachFlip(t *testing.T, n int, names []string, files map[string][]byte, do func(dir string, x bitFlip)) {
	t.Helper()
	jobs := make(chan bitFlip)
	var working sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		dir := t.TempDir()
		for name, b := range files {
			check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
			check(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
		}
		working.Go(func() {
			for x := range jobs {
				do(dir, x)
			}
		})
	}
	t.Logf("seed %d", *faultSeed)
	r := rand.New(rand.NewPCG(*faultSeed, 0))
	began := time.Now()
	for i := range n {
		if i%1000 == 999 {
			t.Logf("%d of %d, %s", i+1, n, time.Since(began).Round(time.Second))
		}
		// As much in either database as in all tiles together.
		name := names[r.IntN(len(names))]
		if which := r.IntN(3); which < 2 {
			name = []string{rowsFile, filepath.Join(trillianDir, "trillian.sqlite")}[which]
		}
		if len(files[name]) == 0 || strings.HasSuffix(name, ".key") {
			name = rowsFile
		}
		jobs <- bitFlip{name, r.IntN(len(files[name])), uint(r.IntN(8))}
	}
	close(jobs)
	working.Wait()
}

// flipFolder makes a folder with something of every kind, and gives its files.
func flipFolder(t *testing.T) map[string][]byte {
	t.Helper()
	s := newRunning(t, serveOptions{noLimits: true, door: publish.DoorOpen}, slog.DiscardHandler)
	c := callerFor(t, s)
	p := newPublication(t, c.key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	for _, e := range logtest.River() {
		v := p.next(t, e)
		expect(t, "version", c.submit("river", v), 201, "")
		p.accepted(t, v)
	}
	x := newElectorate(t, s.url, s.data, s.key, "delta", 5)
	for i := range 3 {
		signer := logtest.NewSigner(t)
		b := encode(t, x.endorse(signer, i, 0))
		_, err := remote.New(s.url, httpClient).Claim(t.Context(), "delta", b, signer.Public().SPKI(), x.invite(i))
		check(t, err)
	}
	c.token("unused")
	for g, i := newGuest(t), 0; i < 260; i++ {
		_, err := enter(s.url, g.request(fmt.Sprint("message ", i)))
		check(t, err)
	}
	dir := filepath.Join(t.TempDir(), "copy")
	_, err := backup(t.Context(), backupOptions{data: s.data, out: dir, keys: true})
	check(t, err)
	list, err := filesBelow(dir)
	check(t, err)
	files := map[string][]byte{}
	for _, name := range list {
		if name == sumsFile || strings.HasPrefix(name, scriptsDir) {
			continue // neither the databases nor the log
		}
		if files[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// contents reads everything that the files hold: the databases' rows, and other files
// whole.
func contents(t *testing.T, files map[string][]byte) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		check(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	out := contentsIn(dir, files)
	if len(out["signature.bundle"]) == 0 || len(out["leaf.value"]) == 0 {
		t.Fatal("the databases hold nothing")
	}
	return out
}

func contentsIn(dir string, files map[string][]byte) map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, ".sqlite") {
			if err := dump(path, out); err != nil {
				out[name] = err.Error()
			}
			continue
		}
		b, err := os.ReadFile(path)
		out[name] = fmt.Sprintf("%x %v", b, err)
	}
	return out
}

// dump writes every table of a database, row for row, column by column.
func dump(path string, out map[string]string) error {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	tables := []string{"sqlite_schema"}
	rows, err := db.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
	if err != nil {
		return err
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		tables = append(tables, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, table := range tables {
		if err := dumpTable(db, table, out); err != nil {
			return err
		}
	}
	return nil
}

func dumpTable(db *sql.DB, table string, out map[string]string) error {
	rows, err := db.Query(`SELECT * FROM "` + table + `"`)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(any)
		}
		if err := rows.Scan(row...); err != nil {
			return err
		}
		for i, name := range columns {
			out[table+"."+name] += fmt.Sprintf("%v\n", *row[i].(*any))
		}
	}
	return rows.Err()
}

// unsigned are values that nothing commits to, so that nobody can tell another one from
// the right one: times that Trillian notes, and what an operator has set.
var unsigned = regexp.MustCompile(`^(leaf\.queue_ns|sequence\.integrate_ns|tree_head\.log_root|tree\.[a-z_]+|token\.[a-z_]+|door_key\.[a-z_]+|invitation\.[a-z]+|setting\.value)$`)

// differs names what is not the same.
func differs(a, b map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if a[name] != b[name] {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// judged is a copy, the verdict that it must get, and the one it got.
type judged struct {
	text      []byte
	want, got string
}

func copiesOf() []judged {
	river := logtest.River()
	return []judged{
		{text: []byte(river[1].Texts["en"]), want: match.Identical},
		{text: []byte(river[0].Texts["ar"]), want: match.Identical},
		{text: []byte(strings.Replace(river[1].Texts["en"], "nine", "ten", 1)), want: match.Altered},
		{text: []byte("Nobody has ever published these words in a declaration of any kind."), want: match.Unknown},
	}
}

// verdictsOf asks the folder's service for verdicts; none where it does not start.
func verdictsOf(data string, copies []judged) []judged {
	s := &service{}
	defer s.Close()
	var err error
	if s.signer, s.key, err = loadLogKey(data, ""); err != nil {
		return nil
	}
	if s.rows, err = store.Open(context.Background(), data); err != nil {
		return nil
	}
	trust, _, err := s.settings(context.Background())
	if err != nil {
		return nil
	}
	latest, err := s.rows.LastCheckpoint(context.Background())
	if err != nil {
		return nil
	}
	uses, err := s.usesAsItLies(context.Background(), lying{latest: latest, read: tilewriter.ReadFolder(filepath.Join(data, tilesDir))}, trust)
	if err != nil {
		return nil
	}
	out := slices.Clone(copies)
	for i := range out {
		out[i].got = uses.Verify(context.Background(), "", out[i].text).Verdict
	}
	return out
}
