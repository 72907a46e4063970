package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/statement"
)

func newHistory(env Env) *cobra.Command {
	var f sourceFlags
	c := &cobra.Command{
		Use:   "history [SLUG]",
		Short: "Show every record of a publication, and what each version changed",
		Long: `Fetch and verify a publication, and show every record of its chain in order:
versions and retractions, when and why, by which key and where in the log, and
what each version changed against the one before. Words that went are written
[-so-], words that came {+so+}. Dates and reasons are the publisher's own.`,
		Example: "  sijil history river\n  sijil history river --json\n  sijil history --offline river-evidence      # a folder that sijil export wrote",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			slug := ""
			if len(args) > 0 {
				slug = args[0]
			}
			return runHistory(cmd.Context(), env, slug, f)
		},
	}
	f.add(c)
	return c
}

func runHistory(ctx context.Context, env Env, slug string, f sourceFlags) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	pub, err := f.open(ctx, env, slug)
	if err != nil {
		return err
	}
	h, err := newHistoryDocument(pub)
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(env.Stdout, h)
	}
	h.print(env.marks())
	for _, n := range pub.NotChecked() {
		fmt.Fprintf(env.Stdout, "not checked: %s\n", n)
	}
	return nil
}

// historyDocument is what --json prints; docs/formats/history.md describes it.
type historyDocument struct {
	Publication   string          `json:"publication"`
	Genesis       string          `json:"genesis"`
	Log           string          `json:"log"`
	Trust         string          `json:"trust"`
	AsOf          string          `json:"as_of"`
	LatestVersion int             `json:"latest_version"`
	Retracted     bool            `json:"retracted"`
	Records       []historyRecord `json:"records"`
}

type historyRecord struct {
	Sequence  int64             `json:"sequence"`
	Type      string            `json:"type"`
	Record    string            `json:"record"`
	LogIndex  int64             `json:"log_index"`
	Key       string            `json:"key"`
	Issued    string            `json:"issued"`
	Reason    string            `json:"reason"`
	Title     map[string]string `json:"title,omitempty"`
	Version   int               `json:"version"` // of a version; which one a retraction withdraws, 0 for the publication
	Date      string            `json:"date,omitempty"`
	Place     string            `json:"place,omitempty"`
	Languages []string          `json:"languages,omitempty"`
	Listed    int               `json:"listed"` // signatories of a version
	Withheld  int               `json:"withheld"`
	Retracted bool              `json:"retracted"` // of a version
	// Changes against the version before; nil for the first.
	Changes *match.Comparison `json:"changes,omitempty"`

	retraction string // in words
}

func newHistoryDocument(pub *opened) (*historyDocument, error) {
	h := &historyDocument{Publication: pub.Slug(), Genesis: pub.Genesis().String(), Log: pub.Checkpoint().Origin(), Trust: pub.trust, AsOf: pub.asOf, Records: []historyRecord{}}
	_, h.Retracted = pub.Retraction(0)
	var before *match.Version
	for _, r := range pub.Records() {
		out := historyRecord{Sequence: r.Statement.Header().Sequence, Record: r.Digest().String(), LogIndex: r.Index, Key: r.Key.Digest().String()}
		switch s := r.Statement.(type) {
		case *statement.Publication:
			out.Type, out.Title = statement.TypePublication, s.Title
		case *statement.Retraction:
			out.Type, out.Issued, out.Reason = statement.TypeRetraction, s.Issued, s.Reason
			if s.Version != nil {
				out.Version = s.Version.Number
			}
		case *statement.Version:
			if err := out.version(pub, r, s, &before); err != nil {
				return nil, err
			}
			h.LatestVersion = s.Version
		}
		h.Records = append(h.Records, out)
	}
	return h, nil
}

// version fills in a version, and moves before on to it.
func (out *historyRecord) version(pub *opened, r evidence.Record, s *statement.Version, before **match.Version) error {
	out.Type, out.Issued, out.Reason = statement.TypeVersion, s.Issued, s.Reason
	out.Version, out.Title, out.Date, out.Place = s.Version, s.Title, s.Date, s.Place
	for _, t := range s.Texts() {
		out.Languages = append(out.Languages, t.Language)
	}
	now := r.Edition.ForMatch()
	out.Listed = len(now.Names)
	for _, n := range now.Names {
		if n.Withheld {
			out.Withheld++
		}
	}
	if gone, ok := pub.Retraction(s.Version); ok {
		out.Retracted = true
		if why, ok := gone.Statement.(*statement.Retraction); ok {
			out.retraction = fmt.Sprintf("by record %d on %s: %s", why.Sequence, why.Issued, quote(why.Reason))
		}
	}
	if *before != nil {
		c, err := match.Compare(**before, now)
		if err != nil {
			return fmt.Errorf("version %d: %w", s.Version, err)
		}
		out.Changes = c
	}
	*before = &now
	return nil
}

func (h *historyDocument) print(m marks) {
	fmt.Fprintf(m.w, "%s\n  genesis  %s\n  log      %s\n  checked on this machine (trust: %s)", h.Publication, h.Genesis, h.Log, h.Trust)
	if h.AsOf != "" {
		fmt.Fprintf(m.w, ", as of %s", h.AsOf)
	}
	fmt.Fprintln(m.w)
	if h.Retracted {
		fmt.Fprintln(m.w, "  this publication was RETRACTED by its publisher, with all its versions")
	}
	for _, r := range h.Records {
		fmt.Fprintln(m.w)
		r.print(m)
	}
}

func (r *historyRecord) print(m marks) {
	what := map[string]string{statement.TypePublication: "the publication was opened", statement.TypeVersion: fmt.Sprintf("version %d", r.Version)}[r.Type]
	if r.Type == statement.TypeRetraction {
		if what = "RETRACTION of the publication"; r.Version > 0 {
			what = fmt.Sprintf("RETRACTION of version %d", r.Version)
		}
	}
	fmt.Fprintf(m.w, "%d  %s\n", r.Sequence, what)
	if r.Retracted {
		fmt.Fprintf(m.w, "   RETRACTED %s\n", r.retraction)
	}
	if r.Reason != "" {
		fmt.Fprintf(m.w, "   %s\n", quote(r.Reason))
	}
	for _, lang := range slices.Sorted(maps.Keys(r.Title)) {
		if r.Type == statement.TypePublication {
			fmt.Fprintf(m.w, "   title %s: %s\n", lang, quote(r.Title[lang]))
		}
	}
	if r.Issued != "" {
		fmt.Fprintf(m.w, "   signed %s, by the key %s\n", r.Issued, r.Key)
	} else {
		fmt.Fprintf(m.w, "   signed by the key %s\n", r.Key)
	}
	fmt.Fprintf(m.w, "   entry %d of the log, record %s\n", r.LogIndex, r.Record)
	if r.Type != statement.TypeVersion {
		return
	}
	fmt.Fprintf(m.w, "   in %s; %s listed", strings.Join(r.Languages, ", "), count(r.Listed, "name"))
	if r.Withheld > 0 {
		fmt.Fprintf(m.w, ", %d withheld", r.Withheld)
	}
	if r.Date+r.Place != "" {
		fmt.Fprintf(m.w, "; dated %s", plain(strings.TrimSpace(r.Date+" "+r.Place)))
	}
	fmt.Fprintln(m.w)
	r.printChanges(m)
}

func (r *historyRecord) printChanges(m marks) {
	if r.Changes == nil {
		return
	}
	for _, t := range r.Changes.Texts {
		fmt.Fprintf(m.w, "   text %s: %s\n", t.Language, textWords(t))
		m.text(t, "     ")
	}
	fmt.Fprintf(m.w, "   signatories: %s\n", listWords(r.Changes.List))
	m.list(r.Changes.List, "     ")
}
