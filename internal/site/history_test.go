package site

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// holds reports what a page lacks.
func holds(t *testing.T, page, body string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(body, s) {
			t.Errorf("%s lacks %q:\n%s", page, s, body)
		}
	}
}

func mainOf(t *testing.T, w *world, path string) (*html.Node, string) {
	t.Helper()
	root := parse(t, w.get(path))
	return root, words(root, element("main"))
}

// linkTo chooses a link by its address.
func linkTo(path string) func(*html.Node) bool {
	return func(n *html.Node) bool { return n.Data == "a" && attr(n, "href") == path }
}

func TestHistoryPage(t *testing.T) {
	w := newWorld(t)
	w.springs()
	w.retract("springs", 1, "A demand was missing.")
	root, main := mainOf(t, w, "/p/springs/history")
	holds(t, "history", main,
		"Version 1 was retracted A demand was missing.", "Version 3 latest", "Version 2 Counted <script>alert(4)</script> again.", "Version 1 retracted First version.",
		"English: 5 words added, 1 word removed", "Signatories: 1 added, 1 removed, 1 changed", ": no longer there", "English: the same text; only its presentation differs",
		"By the key "+w.signer.Public().Digest().String(), "sijil history springs", "Log index 4")
	if strings.Contains(main, "Publication was retracted") || strings.Index(main, "was retracted") > strings.Index(main, "Version 3") {
		t.Error("the newest record is not the first")
	}
	for _, path := range []string{"/p/springs/compare/1/2", "/p/springs/compare/2/3", "/p/springs/v/1", "/api/v1/publications/springs/records/4.bundle.json"} {
		if !has(root, linkTo(path)) {
			t.Errorf("no link to %s", path)
		}
	}
	if got := words(root, func(n *html.Node) bool { return attr(n, "id") == "before" }); got != "1 2 3" {
		t.Errorf("to choose from: %s", got)
	}
	rec := w.get("/p/springs/compare?before=3&after=1")
	if rec.Code != 303 || rec.Header().Get("Location") != "/p/springs/compare/3/1" {
		t.Errorf("chosen: %d, %s", rec.Code, rec.Header().Get("Location"))
	}
}

func TestComparePage(t *testing.T) {
	w := newWorld(t)
	w.springs()
	root, main := mainOf(t, w, "/p/springs/compare/1/2")
	holds(t, "comparison", main, "5 words added, 1 word removed.", "We counted seven nine <b> springs.", "• Repair the lamps.", "Added "+hostileName, "Removed Valley Radio",
		"Changed جمعية حراس النبع جمعية حراس المنبع", "sijil diff springs 1 2", "3 in version 1, 3 in version 2")
	marked := map[string]string{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && (n.Data == "ins" || n.Data == "del") {
			marked[n.Data] += "|" + words(n.Parent, func(m *html.Node) bool { return m == n })
		}
	}
	holds(t, "ins", marked["ins"]+"|", "|nine <b>|", "|• Repair the lamps.|", "|تسعة|", "|"+hostileName+"|")
	holds(t, "del", marked["del"]+"|", "|seven|", "|سبعة|", "|Valley Radio|")
	arabic := words(root, func(n *html.Node) bool {
		return n.Data == "li" && attr(n, "lang") == "ar" && attr(n, "dir") == "rtl"
	})
	holds(t, "the right-to-left excerpt", arabic, "أحصينا سبعة تسعة ينابيع.")
	if !has(root, func(n *html.Node) bool {
		return n.Data == "article" && attr(n, "lang") == "ar" && attr(n, "dir") == "rtl"
	}) {
		t.Error("the whole Arabic text has no direction")
	}
	if !has(root, func(n *html.Node) bool {
		return n.Data == "bdi" && n.FirstChild != nil && n.FirstChild.Data == "جمعية حراس النبع"
	}) {
		t.Error("a name is not isolated")
	}
	if !has(root, linkTo("/p/springs/compare/2/1")) {
		t.Error("no link to the other way round")
	}
	_, main = mainOf(t, w, "/p/springs/compare/2/3")
	holds(t, "presentation", main, "The same text; only its presentation differs.", "No longer there.", "one name withheld", "in another order")
	if strings.Contains(main, "Somebody") {
		t.Error("a withheld name is on the page")
	}
	_, main = mainOf(t, w, "/p/springs/compare/2/2")
	holds(t, "itself", main, "Identical.", "The same names")
}

// TestRetractionIsInSight: on every page that shows what was withdrawn.
func TestRetractionIsInSight(t *testing.T) {
	w := newWorld(t)
	w.springs()
	w.retract("springs", 3, "It said <b>too little</b>.")
	const note = "The publisher has withdrawn this version on"
	_, body := mainOf(t, w, "/p/springs/v/3")
	holds(t, "version", body, "Version 3 retracted", "Retracted. "+note, "It said <b>too little</b>.")
	_, body = mainOf(t, w, "/p/springs/v/2")
	holds(t, "the version before", body, "This version was replaced. The latest is version 3, which was retracted.")
	if strings.Contains(body, note) {
		t.Error("version 2 is called retracted")
	}
	_, body = mainOf(t, w, "/p/springs")
	holds(t, "publication", body, "Version 3 retracted", "Retracted on")
	_, body = mainOf(t, w, "/p/springs/compare/2/3")
	holds(t, "comparison", body, "Version 3 was retracted on")
	_, body = mainOf(t, w, "/")
	holds(t, "home", body, "latest version retracted")
	text, err := w.service.Text("springs", 1, "en")
	check(t, err)
	body = words(parse(t, w.paste(string(text), "")), element("main"))
	holds(t, "verdict on version 1", body, "No, it was replaced.", "That version was retracted.")

	w.retract("springs", 1, "The first too.")
	root := parse(t, w.paste(string(text), ""))
	body = words(root, element("main"))
	holds(t, "verdict on a retracted version", body, "Its publisher has retracted it.", "Retracted. "+note, "The first too.", "No, it was retracted.", "Replaced.")
	if has(root, func(n *html.Node) bool { return attr(n, "class") == "verdict same" }) {
		t.Error("a retracted version has the tone of a match")
	}

	w.retract("springs", 0, "All of it.")
	const all = "Retracted. The publisher has withdrawn this publication, with all its versions, on"
	for _, path := range []string{"/p/springs", "/p/springs/v/2", "/p/springs/history"} {
		_, body = mainOf(t, w, path)
		holds(t, path, body, all, "All of it.")
	}
	_, body = mainOf(t, w, "/p/springs/history")
	holds(t, "history", body, "The publication was retracted All of it.", "Version 1 was retracted The first too.")
	_, body = mainOf(t, w, "/")
	holds(t, "home", body, "3 signatories; 1 name is withheld retracted")
	text, err = w.service.Text("springs", 2, "ar")
	check(t, err)
	body = words(parse(t, w.paste(string(text), "")), element("main"))
	holds(t, "verdict on a retracted publication", body, all)
}

// TestLongHistoryIsBounded: only the newest versions are compared for one page.
func TestLongHistoryIsBounded(t *testing.T) {
	w := newWorld(t)
	var drafts []draft
	for i := range maxCompared + 3 {
		drafts = append(drafts, draft{title: map[string]string{"en": "Wells"}, texts: map[string]string{"en": "Wells\n\nWe counted " + strings.Repeat("many ", i+1) + "wells.\n"}, reason: "Counted."})
	}
	w.create("counted", drafts...)
	_, body := mainOf(t, w, "/p/counted/history")
	if n := strings.Count(body, "1 word added, 0 words removed"); n != maxCompared {
		t.Errorf("%d comparisons, want %d", n, maxCompared)
	}
}
