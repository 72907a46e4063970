package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/match"
)

type diffFlags struct {
	sourceFlags
	lang string
}

func newDiff(env Env) *cobra.Command {
	var f diffFlags
	c := &cobra.Command{
		Use:   "diff SLUG N M",
		Short: "Show what differs between two published versions, word by word",
		Long: `Fetch and verify a publication, and show what differs between two of its
versions: texts word by word, and signatories. Words of version N alone are
written [-so-], words of version M alone {+so+}. The exit status is 0 whether they
differ or not.`,
		Example: "  sijil diff river 1 2\n  sijil diff river 1 2 --lang ar --json\n  sijil diff river 1 2 --offline river-evidence      # a folder that sijil export wrote",
		Args:    cobra.ExactArgs(3),
		RunE:    func(cmd *cobra.Command, args []string) error { return runDiff(cmd.Context(), env, args, f) },
	}
	f.add(c)
	c.Flags().StringVar(&f.lang, "lang", "", "compare the texts in one language `TAG` only, and no list")
	return c
}

func runDiff(ctx context.Context, env Env, args []string, f diffFlags) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var numbers [2]int
	for i, s := range args[1:] {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return usage("%q is no version number", s)
		}
		numbers[i] = n
	}
	pub, err := f.open(ctx, env, args[0])
	if err != nil {
		return err
	}
	var two [2]evidence.Record
	for i, n := range numbers {
		var ok bool
		if two[i], ok = pub.Version(n); !ok {
			return withHint(fmt.Errorf("%s has no version %d", pub.Slug(), n), "see what there is with `sijil history %s`", pub.Slug())
		}
	}
	c, err := match.Compare(two[0].Edition.ForMatch(), two[1].Edition.ForMatch())
	if err != nil {
		return err
	}
	if f.lang != "" {
		c.Texts = slices.DeleteFunc(c.Texts, func(t match.TextComparison) bool { return t.Language != f.lang })
		if len(c.Texts) == 0 {
			return fmt.Errorf("neither version has a text in the language %q", f.lang)
		}
	}
	if f.json {
		return printJSON(env.Stdout, f.document(pub, two, c))
	}
	f.print(env.marks(), pub, two, c)
	return nil
}

// diffDocument is what --json prints; docs/formats/history.md describes it.
type diffDocument struct {
	Publication string                 `json:"publication"`
	Genesis     string                 `json:"genesis"`
	Log         string                 `json:"log"`
	Trust       string                 `json:"trust"`
	AsOf        string                 `json:"as_of"`
	Before      diffVersion            `json:"before"`
	After       diffVersion            `json:"after"`
	Texts       []match.TextComparison `json:"texts"`
	Signatories *match.ListComparison  `json:"signatories,omitempty"`
	PlaceDate   *match.LineChange      `json:"place_date,omitempty"`
}

type diffVersion struct {
	Version   int    `json:"version"`
	Record    string `json:"record"`
	LogIndex  int64  `json:"log_index"`
	Retracted bool   `json:"retracted"`
}

func (f diffFlags) document(pub *opened, two [2]evidence.Record, c *match.Comparison) diffDocument {
	version := func(r evidence.Record) diffVersion {
		n := r.Edition.Statement().Version
		_, gone := pub.Retraction(n)
		return diffVersion{Version: n, Record: r.Digest().String(), LogIndex: r.Index, Retracted: gone}
	}
	d := diffDocument{Publication: pub.Slug(), Genesis: pub.Genesis().String(), Log: pub.Checkpoint().Origin(), Trust: pub.trust, AsOf: pub.asOf,
		Before: version(two[0]), After: version(two[1]), Texts: c.Texts}
	if f.lang == "" {
		d.Signatories, d.PlaceDate = &c.List, c.PlaceDate
	}
	return d
}

func (f diffFlags) print(m marks, pub *opened, two [2]evidence.Record, c *match.Comparison) {
	fmt.Fprintf(m.w, "%s: version %d, and what differs in version %d\n", pub.Slug(), two[0].Edition.Statement().Version, two[1].Edition.Statement().Version)
	for _, r := range two {
		n := r.Edition.Statement().Version
		if _, gone := pub.Retraction(n); gone {
			fmt.Fprintf(m.w, "version %d was RETRACTED by its publisher\n", n)
		}
	}
	m.comparison(c, f.lang == "")
}

// comparison prints what differs between two versions: the texts, and the list with
// place and date.
func (m marks) comparison(c *match.Comparison, list bool) {
	for _, t := range c.Texts {
		fmt.Fprintf(m.w, "\ntext %s: %s\n", t.Language, textWords(t))
		m.text(t, "  ")
	}
	if !list {
		return
	}
	if p := c.PlaceDate; p != nil {
		fmt.Fprintf(m.w, "\nplace and date: %s %s\n", m.sign(match.Removed, quote(cmp.Or(p.Before, "none"))), m.sign(match.Inserted, quote(cmp.Or(p.After, "none"))))
	}
	fmt.Fprintf(m.w, "\nsignatories: %s\n", listWords(c.List))
	m.list(c.List, "  ")
}
