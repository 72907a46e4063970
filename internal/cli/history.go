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
	"github.com/sijil/sijil/log"
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
	Key       string            `json:"key"`                   // of the first signer
	Cosigned  []string          `json:"cosigned_by,omitempty"` // the other signers' keys
	Issued    string            `json:"issued"`
	Reason    string            `json:"reason"`
	Title     map[string]string `json:"title,omitempty"`
	Version   int               `json:"version"` // of a version; which one a retraction withdraws, 0 for the publication
	Date      string            `json:"date,omitempty"`
	Place     string            `json:"place,omitempty"`
	Languages []string          `json:"languages,omitempty"`
	Listed    int               `json:"listed"` // signatories of a version
	Withheld  int               `json:"withheld"`
	Retracted bool              `json:"retracted"`        // of a version
	Policy    *historyPolicy    `json:"policy,omitempty"` // that a genesis or a policy record sets
	Entry     string            `json:"entry,omitempty"`  // commitment of the list entry that a redaction withholds
	// Changes against the version before; nil for the first.
	Changes *match.Comparison `json:"changes,omitempty"`

	retraction string // in words
}

// historyPolicy is a publication policy: Threshold of Keys sign a record.
type historyPolicy struct {
	Keys      []string `json:"keys"`
	Threshold int      `json:"threshold"`
}

func newHistoryPolicy(p statement.Policy) *historyPolicy {
	out := &historyPolicy{Keys: []string{}, Threshold: p.Threshold}
	for _, spki := range p.Keys {
		out.Keys = append(out.Keys, log.Sum(spki).String())
	}
	return out
}

func newHistoryDocument(pub *opened) (*historyDocument, error) {
	h := &historyDocument{Publication: pub.Slug(), Genesis: pub.Genesis().String(), Log: pub.Checkpoint().Origin(), Trust: pub.trust, AsOf: pub.asOf, Records: []historyRecord{}}
	_, h.Retracted = pub.Retraction(0)
	var before *match.Version
	for _, r := range pub.Records() {
		out := historyRecord{Sequence: r.Statement.Header().Sequence, Record: r.Digest().String(), LogIndex: r.Index, Key: r.Key.Digest().String()}
		for _, other := range r.Signatures()[1:] {
			out.Cosigned = append(out.Cosigned, other.Key.Digest().String())
		}
		switch s := r.Statement.(type) {
		case *statement.Publication:
			out.Type, out.Title, out.Policy = statement.TypePublication, s.Title, newHistoryPolicy(s.Policy)
		case *statement.PolicyChange:
			out.Type, out.Issued, out.Reason, out.Policy = statement.TypePolicy, s.Issued, s.Reason, newHistoryPolicy(s.Policy)
		case *statement.Recovery:
			out.Type, out.Issued, out.Reason, out.Policy = statement.TypeRecovery, s.Issued, s.Reason, newHistoryPolicy(s.Policy)
		case *statement.Redaction:
			out.Type, out.Issued, out.Entry = statement.TypeRedaction, s.Issued, s.Entry
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
	fmt.Fprintf(m.w, "%d  %s\n", r.Sequence, r.heading())
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
	for _, k := range r.Cosigned {
		fmt.Fprintf(m.w, "   and by the key %s\n", k)
	}
	if p := r.Policy; p != nil && (len(p.Keys) > 1 || r.Type != statement.TypePublication) {
		fmt.Fprintf(m.w, "   %s%d of these keys sign: %s\n", map[bool]string{true: "would say: ", false: "from then on "}[r.Type == statement.TypeRecovery], p.Threshold, strings.Join(p.Keys, ", "))
	}
	if r.Entry != "" {
		fmt.Fprintf(m.w, "   the list entry %s is withheld from then on\n", r.Entry)
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

// heading says what the record is.
func (r *historyRecord) heading() string {
	switch {
	case r.Type == statement.TypePublication:
		return "the publication was opened"
	case r.Type == statement.TypePolicy:
		return "a new publication policy"
	case r.Type == statement.TypeRecovery:
		return "a recovery was announced: other keys will sign, unless one of the keys in force signs something first"
	case r.Type == statement.TypeRedaction:
		return "one name is withheld"
	case r.Type == statement.TypeRetraction && r.Version == 0:
		return "RETRACTION of the publication"
	case r.Type == statement.TypeRetraction:
		return fmt.Sprintf("RETRACTION of version %d", r.Version)
	}
	return fmt.Sprintf("version %d", r.Version)
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
