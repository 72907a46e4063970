package site

import (
	"slices"

	"github.com/sijil/sijil/internal/publish"
)

// printPage is a version in one language for paper, with the code that leads to its
// check.
type printPage struct {
	page
	versionFacts
	Titles  []title
	Text    textView
	Count   string
	Names   []nameView
	QRPath  string
	Address string
	Log     string
}

func (v *visit) print() (answer, error) {
	p, n, err := v.versionOf()
	if err != nil {
		return answer{}, err
	}
	c, err := v.contentOf(p, n)
	if err != nil {
		return answer{}, err
	}
	i := slices.IndexFunc(c.Texts, func(t textView) bool { return t.Lang == v.variable("lang") })
	if i < 0 {
		return answer{}, publish.ErrUnknown
	}
	view := printPage{
		page: v.head(v.Say("title_print", "title", v.titles(n.Title)[0].Text)), versionFacts: v.factsOf(p, n), Titles: v.titles(n.Title), Text: c.Texts[i],
		Count: c.Count, Names: c.Names, Address: v.base + versionPath(p.Slug, n.Version), Log: p.Log.Origin,
	}
	if v.base != unknownBase {
		view.QRPath = qrPath(p.Slug)
	}
	return answer{template: "print", view: view}, nil
}
