package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/draft"
	"github.com/sijil/sijil/keys"
)

func newDraft(env Env) *cobra.Command {
	var out string
	var o draft.Options
	c := &cobra.Command{
		Use:   "draft [LANG=]FILE... --out DIR",
		Short: "Turn a plain-text declaration into a folder to review",
		Long: `Turn a plain-text declaration, with its signatory list at the end, into a folder
of files to review and edit before publishing. Give one file for each language.
Nothing is repaired silently: whatever looks odd becomes a flag, with a reason and
a proposed repair, that somebody has to close (see sijil review).`,
		Example: `  sijil draft declaration.txt --slug river --out river
  sijil draft en=declaration.en.txt fr=declaration.fr.txt ar=declaration.ar.txt --slug river --out river`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runDraft(env, args, out, o)
		},
	}
	c.Flags().StringVar(&out, "out", "", "write the folder `DIR`")
	c.Flags().StringVar(&o.Slug, "slug", "", "the publication's `SLUG`, its short name in addresses")
	c.Flags().StringVar(&o.Title, "title", "", "the publication's `TITLE` (default: the first line)")
	c.MarkFlagRequired("out")
	return c
}

func runDraft(env Env, args []string, out string, o draft.Options) error {
	if o.Slug != "" {
		if err := keys.CheckSlug(o.Slug); err != nil {
			return usage("--slug: %w", err)
		}
	}
	var docs []draft.Document
	for _, arg := range args {
		lang, path, ok := strings.Cut(arg, "=")
		if !ok || len(lang) > 10 || strings.ContainsAny(lang, "/\\.") {
			lang, path = "", arg
		}
		b, err := readFile(path, draft.MaxBytes)
		if err != nil {
			return err
		}
		docs = append(docs, draft.Document{Language: lang, Name: filepath.Base(path), Bytes: b})
	}
	d, report, err := draft.FromDocument(docs, o)
	if err != nil {
		return err
	}
	if err := d.Write(out); err != nil {
		return err
	}
	fmt.Fprint(env.Stdout, report)
	fmt.Fprintf(env.Stderr, "wrote %s; read its files, then %s\n", out, next(out, o.Slug, len(report.Flags)))
	return nil
}

// next says what to do with a draft.
func next(dir, slug string, flags int) string {
	var steps []string
	if slug == "" {
		steps = append(steps, "write a short name behind slug: in "+filepath.Join(dir, "publication.yaml"))
	}
	if flags > 0 {
		steps = append(steps, fmt.Sprintf("see what is flagged with `sijil review %s`, and close it", dir))
	} else {
		steps = append(steps, fmt.Sprintf("publish it with `sijil publish %s`", dir))
	}
	return strings.Join(steps, ", and ")
}

func newReview(env Env) *cobra.Command {
	var how, rule, id, reason string
	c := &cobra.Command{
		Use:   "review DIR",
		Short: "List a draft's open flags, and close them",
		Long: `List the open flags of a draft folder, or close some of them:

  as-given   it is right as it stands
  repaired   apply the proposed repair
  removed    drop the entry from the list

Publishing refuses a draft with open flags.`,
		Example: `  sijil review river
  sijil review river --close repaired --rule glued-number
  sijil review river --close as-given --reason "as handed over by the seminar"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if how == "" && (rule != "" || id != "") {
				return usage("--rule and --flag say which flags to close: say how with --close")
			}
			return runReview(env, args[0], how, draft.Selector{Rule: draft.Rule(rule), ID: id}, reason, cmd.Flags().Changed("reason"))
		},
	}
	c.Flags().StringVar(&how, "close", "", "close flags `HOW`: as-given, repaired or removed")
	c.Flags().StringVar(&rule, "rule", "", "only flags of this `RULE`")
	c.Flags().StringVar(&id, "flag", "", "only the flag with this `ID`")
	c.Flags().StringVar(&reason, "reason", "", "set the `TEXT` that says what changed in this version, and why")
	return c
}

func runReview(env Env, dir, how string, sel draft.Selector, reason string, setReason bool) error {
	d, err := draft.Open(dir)
	if err != nil {
		return withHint(err, "review takes a folder that `sijil draft` wrote")
	}
	if how != "" {
		closed, err := d.Close(sel, draft.Resolution(how))
		if err != nil {
			return err
		}
		fmt.Fprintf(env.Stdout, "closed %s as %s\n", count(len(closed), "flag"), how)
	}
	if setReason {
		d.Header.Reason = reason
	}
	if how != "" || setReason {
		if err := d.Save(dir); err != nil {
			return err
		}
	}
	open := d.OpenFlags()
	for _, f := range open {
		fmt.Fprintf(env.Stdout, "%s  %s\n", f.ID, f)
	}
	if len(open) > 0 {
		fmt.Fprintf(env.Stdout, "%s open; close one with `sijil review %s --flag ID --close HOW`, or all without --flag (as-given, repaired or removed)\n", count(len(open), "flag"), dir)
		return nil
	}
	if err := d.Publishable(); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "no open flags: %s and %d signatories are ready to publish\n", count(len(d.Texts), "text"), len(d.Entries))
	return nil
}
