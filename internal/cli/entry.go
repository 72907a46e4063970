package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/signatory"
)

// chosenVersion is a version of a publication, by number; 0 is the latest.
func chosenVersion(pub *evidence.Publication, n int) (evidence.Record, error) {
	if n == 0 {
		if r, ok := pub.Latest(); ok {
			return r, nil
		}
		return evidence.Record{}, fmt.Errorf("%q has no version yet", pub.Slug())
	}
	if r, ok := pub.Version(n); ok {
		return r, nil
	}
	return evidence.Record{}, fmt.Errorf("%q has no version %d", pub.Slug(), n)
}

// chosenEntry finds one entry of a version's list: by its commitment, its number from
// 1, or its name.
func chosenEntry(r evidence.Record, want string) (signatory.Entry, error) {
	list := r.Edition.List().Entries()
	if n, err := strconv.Atoi(want); err == nil {
		if n < 1 || n > len(list) {
			return signatory.Entry{}, usage("--entry %d: the list has %d entries", n, len(list))
		}
		return list[n-1], nil
	}
	var found []signatory.Entry
	for _, e := range list {
		if e.Commitment == want || !e.Withheld && strings.EqualFold(e.Signatory.Name, strings.TrimSpace(want)) {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return signatory.Entry{}, withHint(usage("the list has no entry %s", quote(want)), "name it as it stands in the list, or by its number: `sijil endorsements %s` shows them", "SLUG")
	}
	return signatory.Entry{}, usage("the list has %d entries %s: choose one by its number", len(found), quote(want))
}
