package extract

import "strings"

// keywords are the words that some properties take. A browser leaves out a
// declaration whose value it does not know, and the one before it counts: a value
// that is not known here may count or not.
var keywords = map[string]map[string]bool{
	"display": set("none block inline inline-block flex inline-flex grid inline-grid table inline-table table-row table-cell table-row-group " +
		"table-header-group table-footer-group table-column table-column-group table-caption list-item contents flow-root -webkit-box"),
	"visibility":         set("visible hidden collapse"),
	"position":           set("static relative absolute fixed sticky"),
	"overflow":           set("visible hidden clip scroll auto"),
	"overflow-x":         set("visible hidden clip scroll auto"),
	"overflow-y":         set("visible hidden clip scroll auto"),
	"content-visibility": set("visible hidden auto"),
	"direction":          set("ltr rtl"),
	"unicode-bidi":       set("normal embed isolate bidi-override isolate-override plaintext"),
	"text-transform":     set("none capitalize uppercase lowercase full-width"),
	"float":              set("none left right"),
	"white-space":        set("normal pre nowrap pre-wrap pre-line break-spaces"),
}

// measured are properties that take a length, or one of the words beside it.
var measured = map[string]map[string]bool{
	"font-size": set("xx-small x-small small medium large x-large xx-large xxx-large smaller larger"), "text-indent": {},
	"line-height": set("normal"), "letter-spacing": set("normal"), "word-spacing": set("normal"),
	"top": set("auto"), "left": set("auto"), "right": set("auto"), "bottom": set("auto"),
	"margin-top": set("auto"), "margin-right": set("auto"), "margin-bottom": set("auto"), "margin-left": set("auto"),
	"width": set("auto min-content max-content fit-content"), "height": set("auto min-content max-content fit-content"),
	"max-width": set("none min-content max-content fit-content"), "max-height": set("none min-content max-content fit-content"),
}

// positive are the properties that take no length below zero.
var positive = set("font-size line-height width height max-width max-height")

// valid tells a value that every browser knows. Of properties that are not listed
// any value is as good: it puts the words in doubt, or hides nothing.
func valid(name, v string) bool {
	if reset(v) {
		return true
	}
	if words := keywords[name]; words != nil {
		for f := range strings.FieldsSeq(v) {
			if !words[f] {
				return false
			}
		}
		return name == "overflow" || !strings.ContainsRune(v, ' ')
	}
	if words := measured[name]; words != nil {
		n, unit := number(v)
		_, known := pixels(v, normalSize)
		known = known && (unit != "" || n == 0) || unit == "" && name == "line-height"
		return words[v] || known && (n >= 0 || !positive[name])
	}
	switch name {
	case "color", "background-color", "-webkit-text-fill-color":
		_, _, ok := parseColor(v)
		return ok || v == "currentcolor"
	case "opacity", "order":
		_, unit := number(v)
		return unit == "" || unit == "%" && name == "opacity"
	case "clip":
		return v == "auto" || strings.HasPrefix(v, "rect(")
	case "clip-path":
		return v == "none" || strings.HasSuffix(v, ")")
	}
	return true
}
