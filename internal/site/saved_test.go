package site

import (
	"context"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/match"
)

// Whoever saves one of our pages and checks it is told that it has the text: titles stand
// apart, and the line of place and date is the one that was published.
func TestSavedPagesAreAuthentic(t *testing.T) {
	w := newWorld(t)
	title := map[string]string{"en": "River Declaration", "fr": "Déclaration du fleuve", "ar": "إعلان النهر"}
	texts := map[string]string{
		"en": "River Declaration\n\nWe, the towns on the river, counted 12 bridges and 7 wells. Nobody may sell the water.\n\n• Open the gates.\n• Test the water twice a year.\n",
		"fr": "Déclaration du fleuve\n\nNous, les villes du fleuve, avons compté 12 ponts et 7 puits. Nul ne peut vendre l’eau.\n\n• Ouvrir les vannes.\n• Analyser l’eau deux fois par an.\n",
		"ar": "إعلان النهر\n\nنحن مدن النهر أحصينا 12 جسرا و7 آبار. لا يحق لأحد أن يبيع الماء.\n\n• فتح الأبواب.\n• فحص الماء مرتين في السنة.\n",
	}
	place := map[string]string{"en": "Port Salam, 5 March 2026", "fr": "Port Salam, le 5 mars 2026", "ar": "بورت سلام، 5 مارس 2026"}
	later := map[string]string{"en": "Port Salam, 9 April 2026", "fr": "Port Salam, le 9 avril 2026", "ar": "بورت سلام، 9 أبريل 2026"}
	changed := map[string]string{}
	for lang, s := range texts {
		changed[lang] = strings.Replace(s, "12", "14", 1)
	}
	w.create("river",
		draft{title: title, texts: texts, reason: "First version.", date: "2026-03-05", place: "Port Salam", placeDate: place, names: []string{"Union of Well Keepers", "جمعية حراس النبع", "Valley Radio"}},
		draft{title: title, texts: changed, reason: "Two more bridges.", date: "2026-04-09", place: "Port Salam", placeDate: later, names: []string{"Union of Well Keepers", "جمعية حراس النبع", "Valley Radio", "Les Amis du fleuve"}})
	for _, lang := range []string{"en", "fr", "ar"} {
		for path, version := range map[string]int{
			"/p/river": 2, "/p/river/v/1": 1, "/p/river/v/2": 2, printPath("river", 1, lang): 1, printPath("river", 2, lang): 2, printPath("river", 2, "en"): 2,
		} {
			page := w.get("/" + lang + path).Body.Bytes()
			v, c := w.service.VerifyFile(context.Background(), "river", page)
			if v.Verdict != match.Authentic || v.Version != version || v.Signatories.Status != match.ListSame || v.NamesOthers() {
				t.Errorf("/%s%s: %s %d, list %s %+v, changes %+v, warnings %v, %s", lang, path, v.Verdict, v.Version, v.Signatories.Status, v.Signatories.Added, v.Changes, v.Warnings, v.Reason.Detail)
				if c != nil {
					t.Logf("%s", c.Text)
				}
			}
			if line := map[int]map[string]string{1: place, 2: later}[version][strings.TrimPrefix(path[len(path)-3:], "/")]; strings.Contains(path, "print") && !strings.Contains(string(page), line) {
				t.Errorf("/%s%s: without %q", lang, path, line)
			}
		}
	}
}

// Names under a heading of their own are in the headline, and the headline is no good news.
func TestOthersAreInTheHeadline(t *testing.T) {
	w := newWorld(t)
	w.wells()
	page := w.paste(wellsEN+"\n\nAlso signed by:\n\nDelta Oil Company\n", "wells").Body.String()
	for _, want := range []string{`class="verdict open"`, "names others as signatories", "Delta Oil Company", "Names stand beside the declaration"} {
		if !strings.Contains(page, want) {
			t.Errorf("without %q", want)
		}
	}
	if page := w.paste(wellsEN, "wells").Body.String(); !strings.Contains(page, `class="verdict same"`) {
		t.Error("the text alone is no good news")
	}
}
