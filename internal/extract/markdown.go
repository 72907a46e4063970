package extract

import (
	"bytes"
	"context"
	"regexp"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// What is taken for Markdown is bounded in bytes, and in the signs that take a
// parser more than linear time; beyond it a text stays as it is.
const (
	maxMarkdown = 1 << 20
	maxBrackets = 5000
)

// Signs of Markdown. One link, or two others, make a text Markdown: a single star
// or number sign stands in many texts that are none.
var (
	mdLink    = lazily(`\[[^\[\]\n]{1,300}\]\((?:https?://|mailto:|/|#|\./)[^()\s]{0,500}\)`)
	mdHeading = lazily(`(?m)^#{1,6} [^\s#]`)
	mdFence   = lazily("(?m)^```")
	mdDeep    = lazily(`(?m)^(?:[ \t]*>){64}`) // levels of quotation
	mdStrong  = lazily(`\*\*[^\s*][^*\n]{0,500}\*\*|__[^\s_][^_\n]{0,500}__`)
)

// lazily compiles an expression when it is first needed: most runs need none.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

func isMarkdown(b []byte) bool {
	// Most texts have none of the signs: that is told at the speed of memory.
	has := func(s string) bool { return bytes.Contains(b, []byte(s)) }
	link, heading, fence, strong := has("]("), has("# "), has("```"), has("**") || has("__")
	if !link && !heading && !fence && !strong {
		return false
	}
	if len(b) > maxMarkdown || bytes.Count(b, []byte("[")) > maxBrackets || mdDeep().Match(b) {
		return false
	}
	if link && mdLink().Match(b) {
		return true
	}
	signs := 0
	for _, re := range []*regexp.Regexp{mdHeading(), mdFence(), mdStrong()} {
		signs += len(re.FindAllIndex(b, 2))
	}
	return signs >= 2
}

// readMarkdown reads the page that a Markdown text is shown as. Its line ends are
// kept, as they are where it is read unrendered.
func readMarkdown(ctx context.Context, text []byte) (*Copy, error) {
	md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough),
		goldmark.WithRendererOptions(html.WithHardWraps(), html.WithUnsafe()))
	var page bytes.Buffer
	if err := md.Convert(text, &page); err != nil {
		return nil, damaged("it cannot be read as Markdown")
	}
	c, err := readHTML(ctx, page.Bytes())
	if err != nil {
		return nil, err
	}
	c.Form = Markdown
	for _, w := range c.Warnings {
		// Some programs show the tags of a page as they are, and the words in them.
		if w.Code == WarnHidden || w.Code == WarnScripts {
			c.Doubts = []Doubt{{Span{0, len(c.Text)}, "words that some programs show and others hide"}}
		}
	}
	return c, nil
}
