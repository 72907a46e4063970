package browsertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/extract/extracttest"
)

// A reading is what comes of a file: a copy, an error, or the form of what is left to
// the service.
type reading struct {
	Form     string
	Service  bool
	Text     string
	File     bool
	Warnings []extract.Warning
	Doubts   []doubt
	Error    string
	Took     float64 `json:",omitempty"` // milliseconds, in the browser
}

type doubt struct {
	At, End int
	Detail  string
}

// readAll is the browser's side: files in base64 in, readings out.
const readAll = `(async (files) => {
  const out = [];
  for (const file of files) {
    const b = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
    const r = {Form: "", Service: false, Text: "", File: false, Warnings: null, Doubts: null, Error: ""};
    const start = performance.now();
    try {
      const got = await extract.read(b, async () => extract.office);
      r.Took = performance.now() - start;
      if (got.copy) {
        r.Form = got.copy.form;
        let text = "";
        const t = got.copy.text;
        for (let i = 0; i < t.length; i += 32768) text += String.fromCharCode(...t.subarray(i, i + 32768));
        r.Text = btoa(text);
        r.File = !!got.copy.file;
        r.Warnings = got.copy.warnings.map((w) => ({Code: w.code, At: w.at, Detail: w.detail}));
        r.Doubts = got.copy.doubts.map((d) => ({At: d.at, End: d.end, Detail: d.detail}));
      } else {
        r.Form = got.form;
        r.Service = got.where === "service";
      }
    } catch (e) {
      r.Took = performance.now() - start;
      r.Error = e instanceof extract.ExtractError ? e.code + ": " + e.message + ": " + e.hint : "no ExtractError: " + e.stack;
    }
    out.push(r);
  }
  return out;
})`

// inBrowser reads files in Chromium.
func inBrowser(t *testing.T, ctx context.Context, files [][]byte) []reading {
	t.Helper()
	var out []reading
	for len(files) > 0 {
		n, size := 0, 0
		for n < len(files) && (n == 0 || size+len(files[n]) < 3<<20) {
			size += len(files[n])
			n++
		}
		list, err := json.Marshal(files[:n]) // bytes are base64 in JSON
		if err != nil {
			t.Fatal(err)
		}
		var part []reading
		Run(t, ctx, chromedp.Evaluate(readAll+"("+string(list)+")", &part, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
		for i := range part {
			text, err := base64.StdEncoding.DecodeString(part[i].Text)
			if err != nil {
				t.Fatal(err)
			}
			part[i].Text = string(text)
		}
		out, files = append(out, part...), files[n:]
	}
	return out
}

// here reads a file in Go, as a reading.
func here(file []byte) reading {
	c, err := new(extract.Reader).Read(context.Background(), file)
	if err != nil {
		var known *extract.Error
		if !errors.As(err, &known) {
			return reading{Error: err.Error()}
		}
		return reading{Error: known.Code + ": " + known.Detail + ": " + known.Hint}
	}
	r := reading{Form: string(c.Form), Text: string(c.Text), File: c.File != nil, Warnings: c.Warnings}
	for _, d := range c.Doubts {
		r.Doubts = append(r.Doubts, doubt{d.At, d.End, d.Detail})
	}
	return r
}

// left are the forms that the browser leaves to the service.
var left = map[extract.Form]bool{extract.Markdown: true, extract.EML: true, extract.PDF: true, extract.Picture: true}

// compare reads files on both sides and reports what differs. The files in service are
// those of other forms that the browser leaves to the service.
func compare(t *testing.T, ctx context.Context, files map[string][]byte, service ...string) (took map[string]float64) {
	t.Helper()
	names := slices.Sorted(maps.Keys(files))
	var list [][]byte
	for _, name := range names {
		list = append(list, files[name])
	}
	took = map[string]float64{}
	for i, got := range inBrowser(t, ctx, list) {
		name := names[i]
		took[name], got.Took = got.Took, 0
		want := here(list[i])
		if form := extract.FormOf(list[i]); len(list[i]) <= extract.MaxFile && left[form] || slices.Contains(service, name) {
			want = reading{Form: string(form), Service: true}
		}
		if len(got.Warnings) == 0 {
			got.Warnings = nil
		}
		if len(got.Doubts) == 0 {
			got.Doubts = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			if len(diff) > 3000 {
				diff = diff[:3000]
			}
			t.Errorf("%s (-Go +browser):\n%s", name, diff)
		}
	}
	return took
}

func rules(prefix string, list []extracttest.Rule, into map[string][]byte) {
	for _, r := range list {
		into[prefix+r.Name] = []byte(r.File)
	}
}

func TestExtract(t *testing.T) {
	ctx := Load(t, "engine.ts", "extract")
	files := map[string][]byte{}
	rules("html ", extracttest.HTMLRules(), files)
	rules("chat ", extracttest.ChatRules(), files)
	rules("markdown ", extracttest.MarkdownRules(), files)
	for name, trick := range extracttest.PageTricks() {
		files["trick "+name] = extracttest.Fill(trick)
	}
	for name, trick := range extracttest.RareTricks() {
		files["rare "+name] = extracttest.Fill(trick)
	}
	for name, trick := range extracttest.LiveTricks() {
		files["live "+name] = extracttest.Fill(trick)
	}
	for name, trick := range extracttest.ShownWords() {
		files["shown "+name] = extracttest.Page("<style>"+trick[0]+"</style>", "<p>We do "+trick[1]+" demand it</p>")
	}
	for name, trick := range extracttest.NoStyles() {
		files["style "+name] = extracttest.Page("<style>"+trick[0]+"</style>", "<p>We do "+trick[1]+" demand it</p>")
	}
	for name, trick := range extracttest.Furniture() {
		files["furniture "+name] = extracttest.Page("<style>body{padding-top:4em}"+trick[0]+"</style>", trick[1]+"<p>Words")
	}
	compare(t, ctx, files, "trick program in a comment")
}

// Bad input has the same error on both sides, soon, and leaves the page alive.
func TestExtractBadInput(t *testing.T) {
	ctx := Load(t, "engine.ts", "extract")
	files := map[string][]byte{}
	for name, bad := range extracttest.BadInput() {
		files[name] = bad.File
	}
	soon(t, compare(t, ctx, files), 2*time.Second)
}

func soon(t *testing.T, took map[string]float64, most time.Duration) {
	t.Helper()
	for name, ms := range took {
		if d := time.Duration(ms * float64(time.Millisecond)); d > most {
			t.Errorf("%s took %v", name, d)
		}
	}
}
