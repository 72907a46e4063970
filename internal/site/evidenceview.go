package site

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/match"
)

// evidenceView is where the proof is, and how to check it elsewhere.
type evidenceView struct {
	Record, Genesis, Log string
	Index, TreeSize      int
	Witnesses            string
	AsOf                 string
	Files                []link
	Commands             []string
	Stock                string // the same with cosign
	CommandNote          string
}

func (v *visit) evidence(verdict *match.Verdict, about *aboutView) evidenceView {
	e := evidenceView{
		Log: verdict.Log, TreeSize: int(verdict.Evidence.TreeSize), AsOf: verdict.AsOf,
		Witnesses: v.Say("evidence_nowitness"),
		Files:     []link{{Path: checkpointPath, Text: v.Say("checkpoint")}},
		Commands:  []string{"sijil trust init " + v.base, "sijil verify copy.txt"},
	}
	if verdict.Evidence.Witnesses > 0 {
		e.Witnesses = fmt.Sprint(verdict.Evidence.Witnesses)
	}
	if v.base == unknownBase {
		e.CommandNote = v.Say("command_address") + " "
	}
	e.CommandNote += v.Say("command_note")
	if about == nil {
		return e
	}
	slug, n := about.publication.Slug, about.version
	e.Record, e.Genesis, e.Index = verdict.Evidence.Record, verdict.Genesis, int(verdict.Evidence.LogIndex)
	e.Commands = []string{"sijil trust init " + v.base + " --publication " + slug, "sijil verify --publication " + slug + " copy.txt"}
	e.Files = []link{{Path: bundlePath(slug, n.Sequence), Text: v.Say("bundle")}, {Path: checkpointPath, Text: v.Say("checkpoint")},
		{Path: headPath(slug), Text: v.Say("signed_head")}, {Path: trustedRootPath, Text: v.Say("trusted_root")}}
	for _, t := range n.Texts {
		if len(verdict.Languages) == 0 || slices.Contains(verdict.Languages, t.Language) {
			e.Files = append(e.Files, link{Path: textPath(slug, n.Version, t.Language), Text: v.Say("text_file_in", "language", v.languageName(t.Language))})
		}
		e.Stock = fmt.Sprintf("cosign verify-blob-attestation --bundle %d.bundle.json --trusted-root trusted_root.json \\\n  --key publisher.pem --type urn:sijil:version:v1 text.%s.txt", n.Sequence, n.Texts[0].Language)
	}
	e.Files = append(e.Files, link{Path: signatoriesPath(slug, n.Version), Text: v.Say("list_file_short")})
	return e
}

// reason says why a copy is unknown or unchecked, and what to do.
func (v *visit) reason(verdict *match.Verdict) []string {
	r := verdict.Reason
	if r.Code == "" {
		return nil
	}
	if v.Has("why_" + r.Code) {
		return []string{v.Say("why_" + r.Code)}
	}
	return slices.DeleteFunc([]string{sentenceOf(r.Detail), sentenceOf(r.Hint)}, func(s string) bool { return s == "" })
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
func (v *visit) warnings(list []match.Warning) []string {
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
		s := v.spoken("warn_", c)
		if c != match.WarnMidSentence {
			s += " (" + firstDetails(details[c]) + ")"
		}
		out = append(out, s)
	}
	return out
}

func (v *visit) toleranceWords(verdict *match.Verdict) []string {
	var out []string
	for _, t := range verdict.Tolerances {
		out = append(out, v.spoken("tol_", t))
	}
	return out
}
