package browsertest

import (
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPinned: a script with the digest that was asked for runs, another one does not,
// also in browsers that preload no modules.
func TestPinned(t *testing.T) {
	const script = `globalThis.ran = (globalThis.ran ?? 0) + 1; export const answer = 42;`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			return
		}
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = fmt.Fprint(w, script)
	}))
	defer s.Close()
	sum := sha512.Sum384([]byte(script))
	good := "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
	sum[0] ^= 1
	bad := "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
	ctx := Open(t)
	for name, before := range map[string]string{"preloading": "", "without": `DOMTokenList.prototype.supports = () => false;`} {
		var got []any
		Run(t, ctx, chromedp.Navigate(s.URL+"/"), chromedp.Evaluate(before+Bundle(t, "pin/pin.ts", "pin")+";void 0", nil),
			chromedp.Evaluate(fmt.Sprintf(`(async () => {
				const bad = await pin.pinned("/bad.js", %q).then(() => "loaded", () => "refused");
				const good = await pin.pinned("/good.js", %q).then((m) => m.answer, String);
				return [bad, good, globalThis.ran];
			})()`, bad, good), &got, Await))
		if fmt.Sprint(got) != "[refused 42 1]" {
			t.Errorf("%s: %v", name, got)
		}
	}
}
