package browsertest

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/extract/extracttest"
)

// walked is what walk returns.
type walked struct {
	Text     string
	Doubts   []doubt
	Warnings []struct{ Code string }
}

// walk shows pages in Chromium and walks the body of each.
func walk(t *testing.T, pages map[string][]byte) map[string]walked {
	t.Helper()
	var list [][]byte
	var names []string
	for name, page := range pages {
		names, list = append(names, name), append(list, page)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil || n >= len(list) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(list[n])
	}))
	defer srv.Close()
	ctx, code := Open(t), Bundle(t, "extract/live.ts", "live")
	out := map[string]walked{}
	for i, name := range names {
		var raw string
		Run(t, ctx, chromedp.Navigate(srv.URL+"/"+strconv.Itoa(i)), chromedp.Evaluate(code+`;(() => {
			const c = live.walk(document.body);
			return JSON.stringify({...c, text: new TextDecoder().decode(c.text)});
		})()`, &raw))
		var got walked
		if err := json.Unmarshal([]byte(raw), &got); err != nil {
			t.Fatal(err)
		}
		for _, d := range got.Doubts {
			if d.At < 0 || d.At >= d.End || d.End > len(got.Text) || d.Detail == "" {
				t.Errorf("%s: a doubt at %d to %d of %d: %q", name, d.At, d.End, len(got.Text), d.Detail)
			}
		}
		out[name] = got
	}
	return out
}

// plainly tells whether words are in a text with no doubt about any of them.
func (w walked) plainly(words string) bool {
	at := strings.Index(strings.ReplaceAll(w.Text, "\n", " "), words)
	if at < 0 {
		return false
	}
	for _, d := range w.Doubts {
		if d.At < at+len(words) && d.End > at {
			return false
		}
	}
	return true
}

// No trick makes words plain that a reader does not see, and what a reader sees is
// not lost.
func TestLiveTricks(t *testing.T) {
	pages := map[string][]byte{}
	tricks := extracttest.PageTricks()
	maps.Copy(tricks, extracttest.RareTricks())
	maps.Copy(tricks, extracttest.LiveTricks())
	// A reader of the served page sees these words: the browser does not take the last
	// declaration, or the length, or the animation, or the picture for what it seems; letters of a font
	// are not looked at; a page that is replaced is gone before it is walked; and a window
	// of this size brings about none of the others: what would lie over the words lies
	// below them, and Latin words in a line from right to left stand in their order.
	for _, name := range []string{"font", "refresh", "picture over", "on a picture", "lies over", "right to left", "length without a unit"} {
		delete(tricks, name)
	}
	for name, trick := range tricks {
		pages[name] = extracttest.Fill(trick)
	}
	for name, got := range walk(t, pages) {
		if got.plainly(extracttest.Authentic) {
			t.Errorf("%s: taken for shown:\n%s\n%v %v", name, got.Text, got.Doubts, got.Warnings)
		}
		if strings.Contains(tricks[name][1], "ALTERED") && !strings.Contains(got.Text, extracttest.Altered) {
			t.Errorf("%s: what is shown is lost:\n%s", name, got.Text)
		}
	}
}

// What stands beside words does not spoil them.
func TestLiveFurniture(t *testing.T) {
	pages := map[string][]byte{}
	furniture := maps.Collect(maps.All(extracttest.Furniture()))
	for name, f := range furniture {
		pages[name] = extracttest.Page("<style>body{padding-top:4em}"+f[0]+"</style>", f[1]+"<article><h1>Title</h1><p>"+extracttest.Authentic+"</p></article>")
	}
	for name, got := range walk(t, pages) {
		if !got.plainly(extracttest.Authentic) {
			t.Errorf("%s spoils the words:\n%s\n%v", name, got.Text, got.Doubts)
		}
	}
}

// The text of a page that is open is that of its file.
func TestLiveText(t *testing.T) {
	pages := map[string][]byte{}
	for _, r := range extracttest.HTMLRules() {
		pages[r.Name] = []byte(r.File)
	}
	pages["declaration"] = extracttest.HTML([]string{"A title", "We, the towns, say l’eau est à nous.", "- First", "- Second", "نحن الموقعين أدناه", "Done."})
	for _, name := range []string{"outside", "UTF-16", "shown again", "chrome", "script"} { // what they hold is asked elsewhere
		delete(pages, name)
	}
	for name, got := range walk(t, pages) {
		c, err := new(extract.Reader).Read(context.Background(), pages[name])
		if err != nil {
			t.Fatal(err)
		}
		if got.Text != string(c.Text) || len(got.Doubts) > 0 {
			t.Errorf("%s: %q, want %q; doubts %v", name, got.Text, c.Text, got.Doubts)
		}
	}
}
