package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/endorsement"
)

type endorsementsFlags struct {
	sourceFlags
	version int
}

func newEndorsements(env Env) *cobra.Command {
	var f endorsementsFlags
	c := &cobra.Command{
		Use:   "endorsements [SLUG]",
		Short: "Show how each signatory of a version is known",
		Long: `Fetch and verify a publication, and show for each signatory of a version what is
known: that the publisher lists it and no more; that its own domain, or a mail that its
domain signed, says so (seen by the service, which signed that it saw it); that it signed
with a key enrolled for it; that it has withdrawn, or denies that it ever agreed.`,
		Example: "  sijil endorsements river\n  sijil endorsements river --version 1 --json\n  sijil endorsements river --offline river-evidence",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runEndorsements(cmd, env, strings.Join(args, ""), f)
		},
	}
	f.add(c)
	c.Flags().IntVar(&f.version, "version", 0, "of version `N` (default: the latest)")
	return c
}

// entryStanding is one line of the answer.
type entryStanding struct {
	endorsement.Standing
	Position    int    `json:"position"` // from 1
	Name        string `json:"name,omitempty"`
	Independent int    `json:"independent"` // ways that do not rest on one another
}

func runEndorsements(cmd *cobra.Command, env Env, slug string, f endorsementsFlags) error {
	pub, err := f.open(cmd.Context(), env, slug)
	if err != nil {
		return err
	}
	r, err := chosenVersion(pub.Publication, f.version)
	if err != nil {
		return err
	}
	n := r.Edition.Statement().Version
	list := pub.Book().Version(n)
	out := make([]entryStanding, len(list))
	for i, e := range r.Edition.List().Entries() {
		out[i] = entryStanding{Standing: list[i], Position: i + 1, Name: e.Signatory.Name, Independent: list[i].Independent()}
	}
	if f.json {
		return printJSON(env.Stdout, map[string]any{"publication": pub.Slug(), "genesis": pub.Genesis(), "version": n, "trust": pub.trust, "as_of": pub.asOf, "entries": out})
	}
	fmt.Fprintf(env.Stdout, "%s, version %d: %s\n", pub.Slug(), n, countWords(endorsement.Count(list)))
	for _, i := range r.Edition.List().Shown() {
		out[i].print(env)
	}
	return nil
}

// countWords says how many signatories are known in each way.
func countWords(n map[endorsement.Known]int) string {
	var out []string
	for _, k := range []endorsement.Known{endorsement.Signed, endorsement.ConfirmedMail, endorsement.ConfirmedDomain, endorsement.Listed, endorsement.Withdrawn, endorsement.Denied, endorsement.Withheld} {
		if n[k] > 0 {
			out = append(out, fmt.Sprintf("%d %s", n[k], k))
		}
	}
	if len(out) == 0 {
		return "nobody is listed"
	}
	return strings.Join(out, ", ")
}

func (e entryStanding) print(env Env) {
	name := quote(e.Name)
	if e.Known == endorsement.Withheld {
		name = "one name, withheld at the signatory's wish"
	}
	fmt.Fprintf(env.Stdout, "%3d  %-16s  %s\n", e.Position, e.Known, name)
	for _, w := range e.Ways {
		what := map[string]string{"domain": "its domain said so", "mail": "a mail of its domain said so", "key": "signed with its key", "passkey": "signed with its passkey"}[w.Means]
		fmt.Fprintf(env.Stdout, "     %s, version %d, %s", what, w.Version, w.Issued)
		if w.Domain != "" {
			fmt.Fprintf(env.Stdout, ", %s", w.Domain)
		}
		if w.Weak {
			fmt.Fprint(env.Stdout, ", under a short key")
		}
		if w.Gone {
			fmt.Fprint(env.Stdout, "; it says so no more")
		}
		fmt.Fprintf(env.Stdout, "; entry %d of the log\n", w.Index)
	}
	if l := e.Left; l != nil {
		by := ""
		if l.Publisher {
			by = ", recorded by the publisher"
		}
		fmt.Fprintf(env.Stdout, "     %s%s, %s; entry %d of the log", l.Kind, by, l.Issued, l.Index)
		if l.Reason != "" {
			fmt.Fprintf(env.Stdout, ": %s", quote(l.Reason))
		}
		fmt.Fprintln(env.Stdout)
	}
	if e.Unconfirmed {
		fmt.Fprintln(env.Stdout, "     something is signed with a key that nobody has confirmed: it counts for nothing")
	}
}
