package roll

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// document is an addition of these names, with its rows as they are served.
func document(t *testing.T, names ...string) (*statement.Batch, []Row, []byte) {
	t.Helper()
	d := NewDocument()
	var rows []Row
	var body []byte
	for i, name := range names {
		disclosure, err := signatory.Disclose(signatory.Signatory{Name: name, Kind: signatory.Person}, [signatory.SaltSize]byte{byte(i)})
		check(t, err)
		rows = append(rows, Row{Disclosure: disclosure})
		d.Add(disclosure.Digest())
		line, err := rows[i].Marshal()
		check(t, err)
		body = append(body, line...)
	}
	return &statement.Batch{Change: statement.BatchAdd, Count: d.Count(), Rows: d.Digest()}, rows, body
}

// TestRows: rows are those of the batch, all of them, in order, each once; what is withheld
// still verifies, where a batch says so.
func TestRows(t *testing.T) {
	b, rows, body := document(t, "Amina Saleh", "Jean", "ليلى")
	read, err := ParseRows(body)
	check(t, err)
	list, err := OpenRows(b, Place{}, read, nil)
	check(t, err)
	if list[2].Signatory.Name != "ليلى" {
		t.Error("not what was written")
	}
	gone := Row{Withheld: rows[1].Disclosure.Digest()}
	hidden := []Row{rows[0], gone, rows[2]}
	for what, served := range map[string][]Row{"all": rows, "one withheld": hidden} {
		var doc []byte
		for _, r := range served {
			line, err := r.Marshal()
			check(t, err)
			doc = append(doc, line...)
		}
		entries, withheld, err := CheckDocument(b, doc)
		if err != nil || entries[1] != list[1].Commitment || withheld[0] || withheld[1] != (what != "all") {
			t.Errorf("%s: %v %v %v", what, entries, withheld, err)
		}
	}
	if _, err := OpenRows(b, Place{}, hidden, nil); !errors.Is(err, ErrWithheld) {
		t.Errorf("withheld, and nobody says so: %v", err)
	}
	_, err = OpenRows(b, Place{}, hidden, func(c log.Digest) bool { return Commitment(c) == gone.Withheld })
	check(t, err)
	for name, wrong := range map[string][]Row{
		"one less": rows[:2], "another order": {rows[1], rows[0], rows[2]}, "one twice": {rows[0], rows[0], rows[2]},
		"another": {rows[0], rows[1], {Disclosure: rows[2].Disclosure[:len(rows[2].Disclosure)-1] + "9"}},
		"a claim": {rows[0], rows[1], {Disclosure: rows[2].Disclosure, Claim: &Claim{}}},
	} {
		if _, err := OpenRows(b, Place{}, wrong, nil); err == nil {
			t.Errorf("accepted: %s", name)
		}
	}
	for name, wrong := range map[string]string{
		"no end": strings.TrimSuffix(string(body), "\n"), "a space": strings.Replace(string(body), `{"`, `{ "`, 1), "an empty line": string(body) + "\n", "nothing": "",
		"withheld and served": strings.Replace(string(body), `"}`, `","withheld":"`+gone.Withheld+`"}`, 1),
	} {
		if _, err := ParseRows([]byte(wrong)); err == nil {
			t.Errorf("read: %s", name)
		}
	}
}

// TestManyLines: a body of nothing but line ends is refused before it is cut into lines.
func TestManyLines(t *testing.T) {
	body := bytes.Repeat([]byte("\n"), MaxBody)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ParseRows(body)
	runtime.ReadMemStats(&after)
	if err == nil || after.TotalAlloc-before.TotalAlloc > 1<<20 {
		t.Errorf("%v, after %d bytes", err, after.TotalAlloc-before.TotalAlloc)
	}
}

func TestTally(t *testing.T) {
	tally := Tally{{1, "EG", endorsement.Listed}: 5, {1, "MA", endorsement.Signed}: 7, {1, "MA", endorsement.Withdrawn}: 2, {1, "", endorsement.Withheld}: 1, {2, "EG", Unconfirmed}: 3}
	if tally.Standing(1) != 13 || tally.Standing(0) != 16 || tally.Count(1, "MA", "") != 9 || tally.Count(0, "EG", "") != 8 {
		t.Errorf("%d %d", tally.Standing(1), tally.Standing(0))
	}
	if got := strings.Join(tally.Countries(1), " "); got != "MA EG" {
		t.Error(got)
	}
}

// TestFold: what people type finds what others wrote.
func TestFold(t *testing.T) {
	for in, want := range map[string]string{"Jean-Élie  N'DIAYE": "jean elie n diaye", "أَحْمَد الحـدّاد": "احمد الحداد", `"x" OR y*`: "x or y", "  ": ""} {
		if got := Fold(in); got != want {
			t.Errorf("%q is folded to %q, want %q", in, got, want)
		}
	}
}
