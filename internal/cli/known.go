package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/match"
)

// names is how many names the published list shows.
func names(k match.Known) int {
	return k.Listed + k.ConfirmedDomain + k.ConfirmedMail + k.Signed + k.Withdrawn + k.Denied
}

// maxKnown bounds the names that a verdict gives of each kind.
const maxKnown = 8

// printKnown names the signatories of the version that are more than listed, or no longer
// stand by it.
func printKnown(w io.Writer, v *match.Verdict, pub *evidence.Publication) {
	if pub == nil {
		return
	}
	r, ok := pub.Version(v.Version)
	if !ok {
		return
	}
	by := map[endorsement.Known][]string{}
	standings := pub.Book().Version(v.Version)
	entries := r.Edition.List().Entries()
	for _, i := range r.Edition.List().Shown() {
		name := quote(entries[i].Signatory.Name)
		if l := standings[i].Left; l != nil {
			name += " on " + l.Issued
		}
		by[standings[i].Known] = append(by[standings[i].Known], name)
	}
	for _, k := range []struct {
		known endorsement.Known
		words string
	}{
		{endorsement.Signed, "signed"}, {endorsement.ConfirmedMail, "confirmed by mail"}, {endorsement.ConfirmedDomain, "confirmed by domain"},
		{endorsement.Withdrawn, "WITHDRAWN"}, {endorsement.Denied, "DENIED"},
	} {
		names, more := by[k.known], ""
		if n := len(names) - maxKnown; n > 0 {
			names, more = names[:maxKnown], fmt.Sprintf(", and %d more: see `sijil endorsements`", n)
		}
		if len(names) > 0 {
			fmt.Fprintf(w, "    %s: %s%s\n", k.words, strings.Join(names, ", "), more)
		}
	}
}
