package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/statement"
)

// sentence says what a verdict means, and what it does not.
var sentence = map[string]string{
	match.Identical:  "the copy is, byte for byte, the published text of version %d",
	match.Authentic:  "the copy is the text of version %d; only its presentation differs",
	match.Excerpt:    "the copy is a part of version %d, unchanged",
	match.Consistent: "as far as it can be read, the copy is consistent with version %d",
	match.Altered:    "the copy comes from version %d, and differs from it",
	match.Unknown:    "no version of this publication is the source of the copy; that does not make it false",
	match.Unchecked:  "the copy could not be checked; nothing is known about it",
}

var sign = map[string]string{
	match.Identical: "✓", match.Authentic: "✓", match.Excerpt: "✓", match.Consistent: "~",
	match.Altered: "✗", match.Unknown: "?", match.Unchecked: "!",
}

// printVerdict writes a verdict for people. Everything that comes from a copy or
// a service is quoted or stripped of control characters.
func printVerdict(w io.Writer, v *match.Verdict, pub *evidence.Publication, copied *extract.Copy) {
	where := placesIn(copied)
	words := sentence[v.Verdict]
	if strings.Contains(words, "%d") {
		words = fmt.Sprintf(words, v.Version)
	}
	if len(v.Surroundings) > 0 && v.Version > 0 {
		words += "; what stands around it is not part of it"
	}
	icon := sign[v.Verdict]
	if v.NamesOthers() {
		words += "; it NAMES OTHERS as signatories, who are not in its list"
		if v.Verdict != match.Altered {
			icon = sign[match.Unchecked]
		}
	}
	if v.Retracted {
		words += "; it was RETRACTED"
		if icon == sign[match.Identical] {
			icon = sign[match.Unchecked]
		}
	}
	fmt.Fprintf(w, "%s %s: %s\n", icon, v.Verdict, words)
	printPlace(w, v, pub)
	printChanges(w, v, where)
	printSignatories(w, v.Signatories)
	printKnown(w, v, pub)
	for _, s := range v.Surroundings {
		fmt.Fprintf(w, "  not part of the declaration: %s\n", quote(s.Text))
	}
	for _, x := range v.Warnings {
		fmt.Fprintf(w, "  warning %s at %s: %s\n", x.Code, where(x.At), plain(x.Detail))
	}
	if len(v.Tolerances) > 0 {
		fmt.Fprintf(w, "  overlooked, as presentation: %s\n", strings.Join(v.Tolerances, ", "))
	}
	if v.Reason.Code != "" {
		fmt.Fprintf(w, "  why: %s (%s)\n", plain(v.Reason.Detail), v.Reason.Code)
	}
	if v.Reason.Hint != "" {
		fmt.Fprintf(w, "  what to do: %s\n", plain(v.Reason.Hint))
	}
	printEvidence(w, v, pub)
	if v.Version > 0 {
		fmt.Fprintln(w, "  this says what was endorsed, not whether the content is true")
	}
}

func printPlace(w io.Writer, v *match.Verdict, pub *evidence.Publication) {
	if v.Version == 0 {
		return
	}
	fmt.Fprintf(w, "  publication %s, version %d", v.Publication, v.Version)
	if len(v.Languages) > 0 {
		fmt.Fprintf(w, ", language %s", strings.Join(v.Languages, ", "))
	}
	fmt.Fprintln(w)
	switch {
	case v.Retracted:
		printRetraction(w, v, pub)
	case v.Current == match.CurrentNo:
		fmt.Fprintf(w, "  superseded: the latest version is %d%s\n", v.LatestVersion, butRetracted(pub, v.LatestVersion))
	case v.Current == match.CurrentYes:
		fmt.Fprintf(w, "  this is the latest version, as of %s\n", v.AsOf)
	default:
		fmt.Fprintln(w, "  whether a newer version exists cannot be told from here")
	}
	for _, also := range v.AlsoMatches {
		fmt.Fprintf(w, "  version %d of %s matches equally\n", also.Version, also.Publication)
	}
}

// printRetraction says that what the copy is was withdrawn, and why.
func printRetraction(w io.Writer, v *match.Verdict, pub *evidence.Publication) {
	what, when := "this version", ""
	if pub != nil {
		if r, ok := pub.Retraction(v.Version); ok {
			if s, ok := r.Statement.(*statement.Retraction); ok {
				when = fmt.Sprintf(" on %s: %s", s.Issued, quote(s.Reason))
				if s.Version == nil {
					what = "this publication, with all its versions,"
				}
			}
		}
	}
	fmt.Fprintf(w, "  %s was RETRACTED by its publisher%s\n", what, when)
	if v.Version < v.LatestVersion {
		fmt.Fprintf(w, "  the latest version is %d%s\n", v.LatestVersion, butRetracted(pub, v.LatestVersion))
	}
}

// butRetracted says of the version that replaced another that it was withdrawn
// too: the one before does not come back.
func butRetracted(pub *evidence.Publication, version int) string {
	if pub != nil {
		if _, gone := pub.Retraction(version); gone {
			return ", which was RETRACTED"
		}
	}
	return ""
}

func printChanges(w io.Writer, v *match.Verdict, where func(int) string) {
	if len(v.Changes) == 0 {
		return
	}
	fmt.Fprintf(w, "  %s in the text (similarity %.3f):\n", count(len(v.Changes), "difference"), v.Similarity)
	for _, c := range v.Changes {
		switch c.Op {
		case match.OpInsert:
			fmt.Fprintf(w, "    + %s: added %s at %s\n", c.Class, quote(c.Copy), where(c.At))
		case match.OpDelete:
			fmt.Fprintf(w, "    - %s: missing %s, at %s\n", c.Class, quote(c.Published), where(c.At))
		case match.OpMove:
			fmt.Fprintf(w, "    > %s: moved %s to %s\n", c.Class, quote(c.Copy), where(c.At))
		default:
			fmt.Fprintf(w, "    ~ %s: published %s, the copy has %s at %s\n", c.Class, quote(c.Published), quote(c.Copy), where(c.At))
		}
	}
}

func printSignatories(w io.Writer, s match.Signatories) {
	words := map[string]string{
		match.ListSame:         "the signatory list is this version's",
		match.ListAltered:      "the signatory list differs:",
		match.ListAbsent:       "the copy holds no signatory list",
		match.ListUndetermined: "these names cannot be checked, since names were withheld:",
	}[s.Status]
	if total := names(s.Known); total > 0 || s.Status != match.ListAbsent {
		fmt.Fprintf(w, "  %s (%s listed", words, count(total, "name"))
		for _, k := range []struct {
			n    int
			what string
		}{
			{s.Withheld, "withheld"}, {s.Known.Signed, "signed with their own key"}, {s.Known.ConfirmedMail, "confirmed by mail"},
			{s.Known.ConfirmedDomain, "confirmed by their domain"}, {s.Known.Withdrawn, "WITHDRAWN"}, {s.Known.Denied, "DENY that they agreed"},
		} {
			if k.n > 0 {
				fmt.Fprintf(w, ", %d %s", k.n, k.what)
			}
		}
		fmt.Fprintln(w, ")")
	}
	for _, n := range s.Added {
		fmt.Fprintf(w, "    + %s is not a signatory of this version\n", quote(n.Name))
	}
	for _, n := range s.Missing {
		fmt.Fprintf(w, "    - %s is missing\n", quote(n.Name))
	}
	for _, n := range s.Changed {
		fmt.Fprintf(w, "    ~ published %s, the copy has %s\n", quote(n.Published), quote(n.Copy))
	}
}

func printEvidence(w io.Writer, v *match.Verdict, pub *evidence.Publication) {
	if pub == nil {
		return
	}
	fmt.Fprintf(w, "  evidence, checked on this machine (trust: %s):\n", v.Trust)
	if v.Evidence.Record != "" {
		fmt.Fprintf(w, "    record   %s\n    entry    %d of %d in the log %s\n", v.Evidence.Record, v.Evidence.LogIndex, v.Evidence.TreeSize, v.Log)
	} else {
		fmt.Fprintf(w, "    log      %s, %d entries\n", v.Log, v.Evidence.TreeSize)
	}
	fmt.Fprintf(w, "    genesis  %s\n", v.Genesis)
	fmt.Fprintf(w, "    signed   by the publisher and the log; witnesses: %s\n", witnessed(pub.Checkpoint().WitnessNames()))
	if f := pub.Frozen(); f != nil {
		fmt.Fprintf(w, "    ended    the log takes no more records since it had %d entries\n", f.Freeze().Size)
		if s := f.Freeze().Successor; s != "" {
			fmt.Fprintf(w, "             it goes on at %s: newer versions may be there\n", plain(s))
		}
	}
	for _, n := range pub.NotChecked() {
		fmt.Fprintf(w, "    not checked: %s\n", n)
	}
	if v.Trust == match.TrustFirstUse {
		fmt.Fprintln(w, "    the pins were never compared with the publisher's: see `sijil trust init --help`")
	}
}

// witnessed writes how many witnesses there are, and their names in the policy.
func witnessed(names []string) string {
	if len(names) == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", len(names), strings.Join(names, ", "))
}

// count writes a number of things in English.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// plain drops what could steer a terminal or reorder what is read.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Cf, r) && r != 0x200c && r != 0x200d {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// quote puts an excerpt in quotation marks and isolates its direction, so that
// an Arabic name does not reorder the line around it.
func quote(s string) string {
	const most = 400
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return "“\u2068" + plain(s) + "\u2069”"
}
