package evidence_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
)

// TestBrowserWhilePublishing: a browser asks for several documents at once. Whichever of
// the answers are from before a version is published and endorsed, and whichever from
// after: the browser makes sense of them, and never takes an honest service for a liar.
func TestBrowserWhilePublishing(t *testing.T) {
	w := newSpoken(t)
	w.see(statement.MeansDomain, statement.ClaimEndorsement, 1, 1, "")
	tiles := func() logtest.Documents { return w.log.Tiles(w.log.Size()) }
	before := logtest.Merge(w.served(), tiles())
	w.pub.Add(logtest.River()[0])
	w.claim(w.one, statement.ClaimEndorsement, 5, 0, "en")
	w.see(statement.MeansDomain, statement.ClaimEndorsement, 5, 1, "")
	w.log.Append([]byte("and one more"))
	after := logtest.Merge(before, w.served(), tiles())
	want, err := mustOpen(t, after, w.options()).Check(extract.Plain(before[served.Text(slug, 1, "en")]), "pinned", time.Time{})
	check(t, err)

	layout := evidence.Layout{}
	atOnce := []string{layout.Checkpoint(), layout.Head(slug), layout.Bundle(slug, 0), layout.Bundle(slug, 1), layout.Endorsements(slug, 1), layout.Observer()}
	r := newReader(t, w.world, after)
	var got []told
	r.page.Do(t, chromedp.Evaluate(fmt.Sprintf(`(async () => {
		const [before, atOnce, copy] = [%s, %s, %s];
		const out = [];
		for (let early = 0; early < 1 << atOnce.length; early++) {
			const once = new Map(atOnce.flatMap((path, i) => early >> i & 1 ? [[path, before[path]]] : []));
			const fetch = async (path, late) => {
				if (!once.has(path)) return late(path);
				const b = once.get(path);
				once.delete(path);
				return b === undefined ? undefined : Uint8Array.from(atob(b), c => c.charCodeAt(0));
			};
			out.push(await ask({now: %d, copies: [copy]}, fetch));
		}
		return out;
	})()`, browsertest.JSON(t, before), browsertest.JSON(t, atOnce), browsertest.JSON(t, before[served.Text(slug, 1, "en")]), time.Now().Unix()), &got, browsertest.Await))
	if len(got) != 1<<len(atOnce) {
		t.Fatalf("%d answers", len(got))
	}
	old := 0
	for early, g := range got {
		if g.Code != "" || len(g.Verdicts) != 1 {
			t.Errorf("early %06b of %v: %s %s", early, atOnce, g.Code, g.Detail)
			continue
		}
		v := decoded(t, g.Verdicts[0]).(map[string]any)
		if v["verdict"] != want.Verdict || v["latest_version"] != float64(len(g.Records)-1) {
			t.Errorf("early %06b: %v", early, v)
		}
		if len(g.Records) == 5 {
			old++
		}
	}
	if old == 0 || old == len(got) {
		t.Errorf("%d of %d saw the publication as it was before", old, len(got))
	}
}
