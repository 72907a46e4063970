package site

import (
	"cmp"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/match"
)

// evidenceView is where the proof is, and how to check it elsewhere.
type evidenceView struct {
	Record, Genesis, Log string
	Index, TreeSize      int64
	Witnesses            string
	AsOf, AsOfText       string
	Files                []link
	Commands             []string
	CommandNote          string
}

func (s *site) evidence(v *match.Verdict, about *aboutView) evidenceView {
	e := evidenceView{
		Log: v.Log, TreeSize: v.Evidence.TreeSize, AsOf: v.AsOf, AsOfText: instant(v.AsOf),
		Witnesses: "none: no witness has cosigned this checkpoint",
		Files:     []link{{checkpointPath, "checkpoint"}},
		Commands:  []string{"sijil trust init " + s.base, "sijil verify copy.txt"},
	}
	if v.Evidence.Witnesses > 0 {
		e.Witnesses = fmt.Sprint(v.Evidence.Witnesses)
	}
	if s.base == "ADDRESS" {
		e.CommandNote = "ADDRESS is the address of this server, as far as the first slash after its name. "
	}
	e.CommandNote += "The tool compares the copy on your own machine and sends it nowhere."
	if about == nil {
		return e
	}
	slug, n := about.publication.Slug, about.version
	e.Record, e.Genesis, e.Index = v.Evidence.Record, v.Genesis, v.Evidence.LogIndex
	e.Commands = []string{"sijil trust init " + s.base + " --publication " + slug, "sijil verify --publication " + slug + " copy.txt"}
	e.Files = []link{{bundlePath(slug, n.Sequence), "bundle"}, {checkpointPath, "checkpoint"}, {headPath(slug), "signed head"}}
	for _, t := range n.Texts {
		if len(v.Languages) == 0 || slices.Contains(v.Languages, t.Language) {
			e.Files = append(e.Files, link{textPath(slug, n.Version, t.Language), "text file, " + languageName(t.Language)})
		}
	}
	e.Files = append(e.Files, link{signatoriesPath(slug, n.Version), "signatory list"})
	return e
}

// reason says why a copy is unknown or unchecked, and what to do.
func reason(v *match.Verdict) []string {
	if v.Reason.Code == "" {
		return nil
	}
	if words, ok := why[v.Reason.Code]; ok {
		return words
	}
	return slices.DeleteFunc([]string{sentenceOf(v.Reason.Detail), sentenceOf(v.Reason.Hint)}, func(s string) bool { return s == "" })
}

// sentenceOf makes a sentence of an error's words.
func sentenceOf(s string) string {
	if s == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:] + "."
}

// warnings says each kind of warning once, with its first details.
func warnings(list []match.Warning) []string {
	var order []string
	details := map[string][]string{}
	for _, w := range list {
		if details[w.Code] == nil {
			order = append(order, w.Code)
		}
		if !slices.Contains(details[w.Code], w.Detail) {
			details[w.Code] = append(details[w.Code], w.Detail)
		}
	}
	var out []string
	for _, c := range order {
		s := cmp.Or(warningWords[c], c+".")
		if c != match.WarnMidSentence {
			s += " (" + firstDetails(details[c]) + ")"
		}
		out = append(out, s)
	}
	return out
}

func toleranceWords(v *match.Verdict) []string {
	var out []string
	for _, t := range v.Tolerances {
		out = append(out, cmp.Or(tolerances[t], t))
	}
	return out
}
