package cli

import (
	"fmt"
	"io"
	"slices"

	"github.com/sijil/sijil/internal/audit"
)

// maxShown bounds the findings of one rule that are printed; --json has more.
const maxShown = 10

var auditWords = map[string]string{
	audit.Clean:       "✓ clean: nothing was found",
	audit.Found:       "✗ findings: not everything is as it has to be",
	audit.Incomplete:  "! incomplete: the audit could not be finished; what was checked is as it has to be",
	audit.Misbehaving: "✗ misbehaviour: the log signed things that cannot all be true",
}

// printAudit writes a report for people: grouped by rule, with what each rule
// means and what to do.
func printAudit(w io.Writer, where string, r *audit.Report) {
	words := auditWords[r.Outcome]
	if r.Outcome == audit.Clean && len(r.NotChecked) > 0 {
		words = "✓ clean, as far as it could be checked: nothing was found"
	}
	fmt.Fprintln(w, words)
	fmt.Fprintf(w, "  source   %s\n  log      %s (%s)\n", plain(sourceName(where)), r.Log, r.LogKey)
	if r.TreeSize >= 0 {
		fmt.Fprintf(w, "  tree     %s, root %s, witnesses: %d\n", countEntries(r.TreeSize), r.Root, r.Witnesses)
		fmt.Fprintf(w, "  checked  %s", countEntries(r.Entries.Checked))
		if r.Entries.Earlier > 0 {
			fmt.Fprintf(w, ", after %d that an earlier audit has checked (--full reads them again)", r.Entries.Earlier)
		}
		fmt.Fprintln(w)
	}
	for _, p := range r.Publications {
		fmt.Fprintf(w, "  publication %s (%s): %s", plain(p.Slug), p.Trust, count(p.Records, "record"))
		if p.Head >= 0 {
			fmt.Fprintf(w, ", the newest at index %d", p.Head)
		}
		fmt.Fprintln(w)
		if p.Claims+p.Sightings > 0 {
			fmt.Fprintf(w, "    %s by signatories, verified; %s by %s, which says that it saw them\n", count(p.Claims, "statement"), count(p.Sightings, "observation"), r.Log)
		}
		if p.Endorsers > 0 {
			batches := "1 batch"
			if p.Batches != 1 {
				batches = fmt.Sprintf("%d batches", p.Batches)
			}
			fmt.Fprintf(w, "    %s in %s of the publisher, counted; %s of theirs, verified\n", count(int(p.Endorsers), "endorser"), batches, count(int(p.EndorsersSigned), "signature"))
		}
	}
	for _, m := range r.Misbehaviour {
		fmt.Fprintf(w, "\n%s: %s\n", m.Rule, plain(m.Detail))
	}
	printFindings(w, r)
	for _, s := range r.NotChecked {
		fmt.Fprintf(w, "  not checked: %s\n", plain(s))
	}
	for _, s := range r.Notices {
		fmt.Fprintf(w, "  note: %s\n", plain(s))
	}
	if r.Outcome == audit.Clean && len(r.NotChecked) == 0 {
		fmt.Fprintln(w, "  this says that the log keeps its promises, not that what stands in it is true")
	}
}

func printFindings(w io.Writer, r *audit.Report) {
	for _, e := range audit.Explanations() {
		n := int(r.Counts[e.Rule])
		if n == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s (%s): %s\n", e.Rule, count(n, "finding"), e.Means)
		of := slices.DeleteFunc(slices.Clone(r.Findings), func(f audit.Finding) bool { return f.Rule != e.Rule })
		for i, f := range of {
			if i == maxShown {
				break
			}
			fmt.Fprint(w, "  ")
			if f.Publication != "" {
				fmt.Fprintf(w, "%s: ", plain(f.Publication))
			}
			if f.Index >= 0 {
				fmt.Fprintf(w, "index %d: ", f.Index)
			}
			fmt.Fprintf(w, "%s: %s\n", plain(f.Path), plain(f.Detail))
		}
		if n > maxShown {
			fmt.Fprintf(w, "  and %d more (--json lists up to 1000 of a rule)\n", n-maxShown)
		}
		fmt.Fprintf(w, "  what to do: %s\n", e.Do)
	}
}

func countEntries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
