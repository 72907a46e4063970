// Package browsertest opens real Chromium for tests, and gives each of them a page
// of its own. It is for tests alone.
//
// A test without a browser is skipped, and says what to install; where
// SIJIL_PROGRAMS is set, it fails.
package browsertest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"
)

// limit bounds a test's whole use of its page; last is what is kept of it, to say what the
// page shows where a test waits in vain.
const (
	limit = 8 * time.Minute
	last  = 15 * time.Second
)

// Program returns the browser's path.
func Program(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if bin, err := exec.LookPath(name); err == nil {
			return bin
		}
	}
	const hint = "no Chromium on this machine: apt-get install chromium"
	if os.Getenv("SIJIL_PROGRAMS") != "" {
		t.Fatal(hint)
	}
	t.Skip(hint)
	return ""
}

// Open starts a browser without history or cookies, which ends with the test, and
// returns the context of one page for chromedp.Run. Extra options come last.
func Open(t testing.TB, extra ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(Program(t)), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(3*time.Minute),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-proxy-server", true))
	ctx, cancel := context.WithTimeout(context.Background(), limit+last)
	alloc, cancelAlloc := chromedp.NewExecAllocator(ctx, append(opts, extra...)...)
	page, cancelPage := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		// A graceful close lets the browser finish with its profile folder
		// before the test removes it.
		_ = chromedp.Cancel(page)
		cancelPage()
		cancelAlloc()
		cancel()
	})
	// A browser ends with the context of its first actions.
	if err := chromedp.Run(page); err != nil {
		t.Fatal(err)
	}
	return page
}

// Run runs actions on a page, or ends the test and says what the page shows.
func Run(t testing.TB, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	limited := ctx
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		limited, cancel = context.WithDeadline(ctx, end.Add(-last))
		defer cancel()
	}
	if err := chromedp.Run(limited, actions...); err != nil {
		var shown string
		_ = chromedp.Run(ctx, chromedp.Evaluate("location.href + '\\n' + (document.body?.innerText ?? '').slice(0, 4000)", &shown))
		t.Fatalf("%v\nThe page shows:\n%s", err, shown)
	}
}

// Bundle compiles a module of web/ts, named by its path there (text/text.ts), to a
// script that puts its exports in the global name.
func Bundle(t testing.TB, module, name string) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	entry := filepath.Join(filepath.Dir(file), "..", "..", "web", "ts", filepath.FromSlash(module))
	out := api.Build(api.BuildOptions{
		EntryPoints: []string{entry}, Bundle: true, Write: false, GlobalName: name,
		Format: api.FormatIIFE, Target: api.ES2022, LogLevel: api.LogLevelSilent,
	})
	if len(out.Errors) > 0 {
		t.Fatalf("%s: %v", module, out.Errors)
	}
	return string(out.OutputFiles[0].Contents)
}

// Load opens an empty page of a secure context, where Web Crypto is to be had, with a
// module of web/ts as Bundle compiles it.
func Load(t testing.TB, module, name string) context.Context {
	t.Helper()
	ctx := Open(t)
	// The result of the last statement would be sent back as a value otherwise.
	Run(t, ctx, chromedp.Navigate(Blank(t)), chromedp.Evaluate(Bundle(t, module, name)+";void 0", nil))
	return ctx
}

// Page is a page of its own browser.
type Page struct{ Context context.Context }

// LoadPage is Load for tests outside this package.
func LoadPage(t testing.TB, module, name string) *Page {
	t.Helper()
	return &Page{Load(t, module, name)}
}

// Do runs actions, or ends the test.
func (p *Page) Do(t testing.TB, actions ...chromedp.Action) {
	t.Helper()
	Run(t, p.Context, actions...)
}

// JSON writes a value as JavaScript reads it.
func JSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Await makes chromedp.Evaluate wait for a promise.
func Await(p *cdpruntime.EvaluateParams) *cdpruntime.EvaluateParams { return p.WithAwaitPromise(true) }
