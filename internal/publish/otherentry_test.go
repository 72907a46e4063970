package publish_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
)

// TestDomainOfTwo: a publisher lists one domain for two organisations. It speaks for one of
// them, in whatever way comes first, and for the other it can only deny; a later version
// that corrects the list, or a new spelling of the entry, is another matter.
func TestDomainOfTwo(t *testing.T) {
	x := newRiver(t)
	list := append(x.list[:0:0], x.list...)
	list[1].Name, list[1].Domain = "Organisation 0, once more", list[0].Domain
	x.record = x.version(list) // version 2
	first, second := x.entries[0], x.entries[1]
	look := func(entry string, lines ...publish.DomainLine) (*publish.DomainCheck, error) {
		for i := range lines {
			lines[i].Version, lines[i].Record, lines[i].Entry = 2, x.record, entry
		}
		x.said.put(list[0].Domain, lines...)
		return x.service.CheckDomain(t.Context(), "river", entry, nil)
	}
	refused := func(what string, err error, size int64) {
		t.Helper()
		if !errors.Is(err, publish.ErrOtherEntry) || !strings.Contains(err.Error(), "(entry 1 of version 2)") || x.ledger.log.Size() != size {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := look(second, x.line("denial", 1)) // a denial takes nobody's place
	must(t, err)
	_, err = look(first, x.line("endorsement", 0))
	must(t, err)
	size := x.ledger.log.Size()
	_, err = look(second, x.line("endorsement", 1))
	refused("an endorsement for the other", err, size)
	s := logtest.NewSigner(t)
	x.said.put(list[0].Domain, publish.DomainLine{Kind: "key", Publication: x.a.digest, Entry: second, Key: s.Public().Digest()})
	_, err = x.service.CheckDomain(t.Context(), "river", second, s.Public().SPKI())
	refused("a key for the other", err, size)
	must(t, x.open())
	_, err = look(second, x.line("endorsement", 1))
	refused("after a restart", err, size)
	_, err = look(second, x.line("withdrawal", 1))
	must(t, err)

	// The first one's name is corrected: the domain speaks for the new entry.
	list[0].Name, list[1] = "The Organisation", x.list[2]
	x.record = x.version(list[:2])
	x.said.put(list[0].Domain, publish.DomainLine{Kind: "endorsement", Publication: x.a.digest, Version: 3, Record: x.record, Entry: x.entries[0]})
	got, err := x.service.CheckDomain(t.Context(), "river", x.entries[0], nil)
	if err != nil || len(got.Recorded) != 1 {
		t.Errorf("the corrected entry: %+v %v", got, err)
	}
}
