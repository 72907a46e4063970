package site

import (
	"fmt"
	"strings"
	"time"

	"github.com/sijil/sijil/internal/publish"
)

// citation says how to name a version so that it can be found and checked.
type citation struct{ Line, BibTeX string }

func (v *visit) cite(p publish.Summary, n publish.VersionSummary) citation {
	title := oneLine(v.titles(n.Title)[0].Text)
	address := v.base + versionPath(p.Slug, n.Version)
	year, date := "", n.Issued
	if t, err := time.Parse(time.RFC3339, n.Issued); err == nil {
		year, date = t.UTC().Format("2006"), day(v.Printer, t.UTC())
	}
	return citation{
		Line: v.Say("cite_line", "title", title, "number", n.Version, "date", date, "log", p.Log.Origin, "index", int(n.Index), "record", n.Record.String(), "address", address),
		BibTeX: fmt.Sprintf("@misc{%s-v%d,\n  title = {%s},\n  year = {%s},\n  howpublished = {\\url{%s}},\n  note = {Version %d; log %s, entry %d; record %s}\n}",
			p.Slug, n.Version, texEscape(title), year, address, n.Version, p.Log.Origin, n.Index, n.Record),
	}
}

// oneLine is a title without line ends.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// texEscape keeps the letters of a title, and what BibTeX would act on as text.
func texEscape(s string) string {
	return strings.NewReplacer(`\`, `\textbackslash{}`, `{`, `\{`, `}`, `\}`, `%`, `\%`, `&`, `\&`, `#`, `\#`, `$`, `\$`, `_`, `\_`, `~`, `\textasciitilde{}`, `^`, `\textasciicircum{}`).Replace(s)
}
