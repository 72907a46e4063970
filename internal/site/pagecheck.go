package site

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
)

// pageCheckPage asks for the address of a page that is to be checked.
type pageCheckPage struct {
	page
	Slug, Address string
	Fetches       bool
	Action        string
}

// fetchedView says where a copy was found.
type fetchedView struct {
	Address, When string
}

// pageCheck is where a badge leads. It fetches nothing: that takes a person's click on
// its button. The address stands in the link, or is that of the page that the person
// came from.
func (v *visit) pageCheck() (answer, error) {
	q := v.r.URL.Query()
	view := pageCheckPage{page: v.head(v.Say("page_check_heading")), Address: q.Get("url"), Fetches: v.fetch != nil, Action: v.to("/verify")}
	if slug := q.Get("publication"); slug != "" {
		p, err := v.service.Publication(slug)
		if err != nil {
			return answer{}, err
		}
		view.Slug = p.Slug
	}
	if from := v.r.Referer(); view.Address == "" && from != "" {
		if u, err := url.Parse(from); err == nil && u.Host != v.r.Host {
			view.Address = from
		}
	}
	const longest = 2000
	if len(view.Address) > longest {
		view.Address = ""
	}
	return answer{template: "pagecheck", view: view, private: true}, nil
}

// checkAddress fetches a page and compares it.
func (v *visit) checkAddress(address, slug string) (answer, error) {
	if v.fetch == nil {
		return answer{}, publish.ErrUnknown
	}
	// Another site's page must not make this service fetch by posting in a reader's name.
	if err := http.NewCrossOriginProtection().Check(v.r); err != nil {
		return answer{}, &formError{http.StatusForbidden, "an address is sent from a page of this service alone"}
	}
	got, err := v.fetch(v.r.Context(), address)
	if err != nil {
		code := "page-not-fetched"
		if errors.Is(err, ErrAddress) {
			code = "address-refused"
		}
		return v.show(match.NewUnchecked(code, "", ""), nil, slug)
	}
	verdict, c := v.service.VerifyFile(v.r.Context(), slug, got.Body)
	var text []byte
	if c != nil {
		text = c.Text
	}
	view, err := v.verdictPage(verdict, text, slug)
	if err != nil {
		return answer{}, err
	}
	view.Fetched = &fetchedView{Address: got.Address, When: got.When.UTC().Format(time.RFC3339)}
	return answer{template: "verdict", view: view, private: true}, nil
}
