package extracttest

import "strings"

// Authentic is a sentence that somebody shows otherwise than the file has it; a
// reader of it sees Altered.
const (
	Authentic = "We demand eighteen things of the council today"
	Altered   = "We demand nine things of the council today"
)

func fill(s string) string {
	return strings.NewReplacer("AUTHENTIC", Authentic, "ALTERED", Altered).Replace(s)
}

// Fill puts the style and the body of a trick in a page.
func Fill(trick [2]string) []byte {
	return Page("<style>"+trick[0]+"</style>", fill(trick[1]))
}

// PageTricks are a style and a body: a reader sees the altered sentence.
func PageTricks() map[string][2]string {
	return map[string][2]string{
		"hidden attribute":       {"", "<p hidden>AUTHENTIC</p><p>ALTERED</p>"},
		"display":                {"", `<p style="display:none">AUTHENTIC</p><p>ALTERED</p>`},
		"display by a class":     {".x{display:none}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"display in upper case":  {".x{DISPLAY:NONE!IMPORTANT}", `<p class=x style="display:block">AUTHENTIC</p><p>ALTERED</p>`},
		"display by an escape":   {`.x{dis\70 lay:no\6e e}`, "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"display by attribute":   {"[data-a^='x']{display:none}", "<p data-a=xy>AUTHENTIC</p><p>ALTERED</p>"},
		"display on screens":     {"@media screen{.x{display:none}}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"display at times":       {"@media (min-width:1px){.x{display:none}}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"display when supported": {"@supports (display:grid){.x{display:none}}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"display by position":    {"p:nth-child(1){display:none}", "<p>AUTHENTIC</p><p>ALTERED</p>"},
		"display by nesting":     {"body{.x{display:none}}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"display by a variable":  {":root{--a:none}.x{display:var(--a)}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"visibility":             {"", `<p style="visibility:hidden">AUTHENTIC</p><p>ALTERED</p>`},
		"opacity":                {"", `<p style="opacity:0.01">AUTHENTIC</p><p>ALTERED</p>`},
		"size":                   {"", `<p style="font-size:0">AUTHENTIC</p><p>ALTERED</p>`},
		"size in a shorthand":    {"", `<p style="font:1px/1 serif">AUTHENTIC</p><p>ALTERED</p>`},
		"white on white":         {"", `<p style="color:#fefefe">AUTHENTIC</p><p>ALTERED</p>`},
		"white on white, old":    {"", `<p><font color=white>AUTHENTIC</font></p><p>ALTERED</p>`},
		"colour of background":   {"div{background:rgb(0 0 128)}p.x{color:navy}", `<div><p class=x>AUTHENTIC</p><p style="color:#fff">ALTERED</p></div>`},
		"transparent":            {"", `<p style="color:rgba(0,0,0,0)">AUTHENTIC</p><p>ALTERED</p>`},
		"fill colour":            {"", `<p style="-webkit-text-fill-color:transparent">AUTHENTIC</p><p>ALTERED</p>`},
		"far left":               {"", `<p style="position:absolute;left:-9999px">AUTHENTIC</p><p>ALTERED</p>`},
		"indent":                 {"", `<p style="text-indent:-9999px">AUTHENTIC</p><p>ALTERED</p>`},
		"clip":                   {"", `<p style="position:absolute;clip:rect(0,0,0,0)">AUTHENTIC</p><p>ALTERED</p>`},
		"clip path":              {"", `<p style="clip-path:inset(100%)">AUTHENTIC</p><p>ALTERED</p>`},
		"no height":              {"", `<p style="height:0;overflow:hidden">AUTHENTIC</p><p>ALTERED</p>`},
		"small height":           {"", `<div style="height:20px;overflow:hidden"><p>ALTERED</p><p>AUTHENTIC</p></div>`},
		"scale":                  {"", `<p style="transform:scale(0)">AUTHENTIC</p><p>ALTERED</p>`},
		"moved away":             {"", `<p style="transform:translateX(-200vw)">AUTHENTIC</p><p>ALTERED</p>`},
		"fold":                   {"", "<details><summary>ALTERED</summary><p>AUTHENTIC</p></details>"},
		"template":               {"", "<template><p>AUTHENTIC</p></template><p>ALTERED</p>"},
		"options":                {"", "<select><option>ALTERED<option>AUTHENTIC</select>"},
		"dialog":                 {"", "<dialog>AUTHENTIC</dialog><p>ALTERED</p>"},
		"lies over":              {"", `<div style="position:relative"><p>AUTHENTIC</p><p style="position:absolute;top:0;background:#fff">ALTERED</p></div>`},
		"lies over the page":     {"p+p{position:absolute;top:8px;background:#fff}", "<p>AUTHENTIC</p><p>ALTERED</p>"},
		"stays over the page":    {"", `<p>AUTHENTIC</p><div style="position:fixed;inset:0;background:#fff">ALTERED</div>`},
		"pulled over":            {"", `<p>AUTHENTIC</p><p style="margin-top:-34px;background:#fff">ALTERED</p>`},
		"shifted over":           {"", `<p>AUTHENTIC</p><p style="position:relative;top:-34px;background:#fff">ALTERED</p>`},
		"picture over":           {"", `<div style="position:relative"><p>AUTHENTIC</p><img style="position:absolute;top:0" src="data:,"></div>`},
		"words before":           {".x::before{content:'not '}", "<p>We demand <span class=x>eighteen things of the council today</span></p>"},
		"words in an empty one":  {"i:after{content:'It is false that'}", "<p><i></i>AUTHENTIC</p>"},
		"words of an attribute":  {"p:before{content:attr(title)}", "<p title='It is false that '>AUTHENTIC</p>"},
		"turned round":           {"p{unicode-bidi:bidi-override;direction:rtl}", "<p>AUTHENTIC</p>"},
		"bdo":                    {"", "<p><bdo dir=rtl>AUTHENTIC</bdo></p>"},
		"right to left":          {"p{direction:rtl}b{display:inline-block}", "<p>AUTHENTIC</p>"},
		"font":                   {"@font-face{font-family:Evil;src:url(data:font/woff2;base64,AA)}p{font-family:'Evil',serif}", "<p>AUTHENTIC</p>"},
		"capitals":               {"p{text-transform:uppercase}", "<p>AUTHENTIC</p>"},
		"order":                  {"p{display:flex}", `<p>AUTHENTIC<span style="order:-1">ALTERED</span></p>`},
		"reverse":                {"p{display:flex;flex-flow:row-reverse}", "<p>AUTHENTIC</p>"},
		"struck through":         {"", "<p><s>AUTHENTIC</s></p><p>ALTERED</p>"},
		"animation":              {"@keyframes a{to{opacity:0}}p.x{animation:a 0s forwards}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"first line":             {"p.x::first-line{font-size:0}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"marker":                 {"li{list-style:'It is false that '}", "<ul><li>AUTHENTIC</ul>"},
		"replaced":               {"p.x{content:url(data:,)}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"quotes":                 {"q{quotes:'It is false that ' ''}", "<p><q>AUTHENTIC</q></p>"},
		"filter":                 {"p.x{filter:opacity(0)}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"dots":                   {"p.x{-webkit-text-security:disc}", "<p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"sheet in an address":    {"", "<link rel=stylesheet href='data:text/css,p.x{display:none}'><p class=x>AUTHENTIC</p><p>ALTERED</p>"},
		"refresh":                {"", "<meta http-equiv=refresh content='0;url=data:text/html,x'><p>AUTHENTIC</p>"},
		"noscript":               {"", "<noscript><p>AUTHENTIC</p></noscript><p>ALTERED</p>"},
		"overruled by nothing":   {"", `<p style="display:none;display:foo">AUTHENTIC</p><p>ALTERED</p>`},
		"visible by nothing":     {"", `<p style="visibility:hidden;visibility:seen">AUTHENTIC</p><p>ALTERED</p>`},
		"placed by nothing":      {"", `<p style="position:absolute;left:-9999px;left:0furlongs">AUTHENTIC</p><p>ALTERED</p>`},
		"on a picture":           {"", `<p style="background:url(data:,)">AUTHENTIC</p><p>ALTERED</p>`},
		"floats":                 {"", `<p>AUTHENTIC<span style="float:left">It is false that</span></p>`},
		"pulled along":           {"", `<p>AUTHENTIC<span style="margin-left:-30px;background:#fff">x</span></p>`},
		"shadow":                 {"", "<div><template shadowrootmode=open>ALTERED</template>AUTHENTIC</div>"},
		"sheet in a template":    {"", "<template><style>.x{display:none}</style></template><p class=x>ALTERED</p><p>We demand</p>"},
		"program in a comment":   {"", "<script><!-- < <script></script><p>AUTHENTIC</p>--></script><p>ALTERED</p>"},
		"alternative text":       {"", "<img alt='AUTHENTIC'><p>ALTERED</p>"},
	}
}

// NoStyles are a style and words in a sentence: what a browser does not take for
// style hides none of them.
func NoStyles() map[string][2]string {
	return map[string][2]string{
		"two words":        {"", `<span style="x display:none">NOT</span>`},
		"a star":           {"", `<span style="*display:none">NOT</span>`},
		"two values":       {"", `<span style="display:none none">NOT</span>`},
		"a mark":           {"", `<span style="<!-- display:none">NOT</span>`},
		"no importance":    {"", `<span style="display:none !x">NOT</span>`},
		"a brace too many": {"} .x{display:none}", "<span class=x>NOT</span>"},
		"a semicolon":      {"; .x{display:none}", "<span class=x>NOT</span>"},
		"a bad selector":   {".x, ::: {display:none}", "<span class=x>NOT</span>"},
		"a new selector":   {".x, p:unheard {display:none}", "<span class=x>NOT</span>"},
		"hover":            {".x:hover{display:none}", "<span class=x>NOT</span>"},
		"other type":       {"", `<style type="text/x">.x{display:none}</style><span class=x>NOT</span>`},
		"shadow":           {".x{color:transparent;text-shadow:0 0 0 #000}", "<span class=x>NOT</span>"},
		"inset shadow":     {".x{color:#fff;box-shadow:inset 0 0 0 99px #000}", "<span class=x>NOT</span>"},
		"negative size":    {".x{font-size:-1px}", "<span class=x>NOT</span>"},
		"column":           {"", "<table><col style='background:#000'><tr><td><span style='color:#fff'>NOT</span></table>"},
		"white on picture": {".x{color:#fff;background:url(x)}", "<span class=x>NOT</span>"},
		"white on shades":  {".x{color:#fff;background:linear-gradient(#000,#000)}", "<span class=x>NOT</span>"},
	}
}

// Furniture is a style and a body that stand beside words and do not spoil them.
func Furniture() map[string][2]string {
	return map[string][2]string{
		"menu":         {".n li{position:relative}.n ul ul{position:absolute;top:20px}", "<div class=n><ul><li>Menu<ul><li>Sub</ul></ul></div>"},
		"skip link":    {".s{position:absolute;left:-9999px}", "<a class=s href=#m>Skip</a>"},
		"icon":         {".i:before{content:'\\f101';font-family:Icons}", "<i class=i></i>"},
		"print":        {"@media print{nav{display:none}}", "<nav>Menu</nav>"},
		"phone":        {"@media (max-width:600px){.side{display:none}}", "<div class=side>Side</div>"},
		"capitals":     {"nav{text-transform:uppercase}", "<nav>Menu</nav>"},
		"button":       {"button{position:relative;top:3px}", "<div><button>Go</button></div>"},
		"grid":         {".row{margin:0 -15px}.col{padding:0 15px}", "<div class=row><div class=col>Beside</div></div>"},
		"white button": {"a.b{background:#00f;color:#fff}", "<p><a class=b href=x>Go</a></p>"},
		"fixed foot":   {".c{position:fixed;bottom:0;left:0;right:0}", "<div class=c>Cookies</div>"},
	}
}
