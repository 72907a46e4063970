package browsertest

import (
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

func TestLoad(t *testing.T) {
	ctx := Load(t, "jcs/jcs.ts", "jcs")
	var secure bool
	var got string
	Run(t, ctx, chromedp.Evaluate(`isSecureContext && !!crypto.subtle`, &secure),
		chromedp.Evaluate(`jcs.encode({b: [1, "é"], a: null})`, &got))
	if !secure {
		t.Error("the page is no secure context")
	}
	if want := `{"a":null,"b":[1,"é"]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var later int
	Run(t, ctx, chromedp.Evaluate(`Promise.resolve(7)`, &later, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	}))
	if later != 7 {
		t.Errorf("a promise gave %d", later)
	}
}
