package extracttest

// RareTricks are such as PageTricks, by what few pages have: each was seen in Chromium,
// where a reader sees other words, or an order, than those of the authentic sentence.
func RareTricks() map[string][2]string {
	return map[string][2]string{
		"old link colours":            {"", "<body link=white><p><a href=x>AUTHENTIC</a></p><p>ALTERED</p>"},
		"title of a box behind":       {"", "<fieldset><p>We demand eighteen things</p><legend>of the council today</legend></fieldset>"},
		"name of a picture":           {"", "<p>AUTHENTIC <img src=x alt='or nothing'></p>"},
		"length without a unit":       {"", "<p style='height:1;overflow:hidden'>AUTHENTIC</p><p>ALTERED</p>"},
		"margin in brackets":          {"", "<p>AUTHENTIC</p><p style='margin:calc(0px - 34px) 0 0;background:#fff;position:relative'>ALTERED</p>"},
		"old browsers' names at last": {"", "<p style='opacity:1;-webkit-opacity:0'>AUTHENTIC</p><p>ALTERED</p>"},
	}
}

// LiveTricks are such as PageTricks, for the page in the browser: what style, tags and the
// like show that seldom show words, or draw over others.
func LiveTricks() map[string][2]string {
	return map[string][2]string{
		"title shown":          {"", "<p>AUTHENTIC</p>" + "<div><svg width=0 height=0></svg></div><p>ALTERED</p><title style='display:block;margin-top:-72px;background:#fff;position:relative'>ALTERED</title>"},
		"program shown":        {"", "<p>We demand <script type=x style='display:inline'>not </script>eighteen things of the council today</p>"},
		"bracket of a reading": {"rp{display:inline}", "<p><ruby>We<rp>do not</rp></ruby> demand eighteen things of the council today</p>"},
		"words of an object":   {"", "<p>We demand <object data='data:x/y,'>not </object>eighteen things of the council today</p>"},
		"words of a drawing":   {"", "<p>We demand <svg width=60 height=20><text y=15>not</text></svg> eighteen things of the council today</p>"},
		"outline":              {"", "<p>AUTHENTIC</p><p style='outline:40px solid #fff'>ALTERED</p>"},
		"outline inside":       {"", "<p style='outline:20px solid #fff;outline-offset:-20px'>AUTHENTIC</p><p>ALTERED</p>"},
		"shadow over":          {"", "<p>AUTHENTIC</p><p style='box-shadow:0 -40px 0 #fff'>ALTERED</p>"},
		"shadow of words over": {"", "<p style='color:#fff;text-shadow:0 0 1px #fff'>AUTHENTIC</p><p>ALTERED</p>"},
		"size by another":      {"", "<p style='font-size-adjust:0.001'>AUTHENTIC</p><p>ALTERED</p>"},
		"thick line":           {"", "<p style='text-decoration:underline 18px #000;text-underline-offset:-18px'>AUTHENTIC</p><p>ALTERED</p>"},
		"thick edge":           {"", "<p style='-webkit-text-stroke:9px #fff'>AUTHENTIC</p><p>ALTERED</p>"},
		"painted before":       {"p{position:relative}p+p::before{content:'';position:absolute;inset:-34px 0 18px;background:#fff}", "<p>AUTHENTIC</p><p>ALTERED</p>"},
		"painted over all":     {"body::after{content:'';position:fixed;inset:0;background:#fff}", "<p>AUTHENTIC</p>"},
		"foot first":           {"", "<table><tfoot><tr><td>We demand</td></tr></tfoot><tbody><tr><td>eighteen things of the council today</td></tr></tbody></table>"},
		"columns exchanged":    {"p{display:grid;grid:auto/1fr 1fr}b{grid-area:1/2}i{grid-area:1/1}", "<p><b>We demand</b> <i>eighteen things of the council today</i></p>"},
		"label of an option":   {"", "<p>We demand <select><option label='nine things'>eighteen things</select> of the council today</p><p>ALTERED</p>"},
		"signs of the style":   {"b::before{content:'\\AC  '}", "<p>We demand <b>eighteen things of the council today</b></p>"},
		"marks of quotes":      {"p{quotes:'It is false that ' ''}p::before{content:open-quote}", "<p>AUTHENTIC</p>"},
		"edge over the line":   {"", "<p>AUTHENTIC</p><div style='border-top:40px solid #fff;margin-top:-44px'></div>"},
		"formula":              {"", "<p><math><mi>AUTHENTIC</mi></math></p>"},
	}
}

// ShownWords are a style and words in a sentence, which are shown although they stand
// where others are hidden.
func ShownWords() map[string][2]string {
	return map[string][2]string{
		"a policy":                {"", `<meta http-equiv=Content-Security-Policy content="style-src 'none'"><span style='display:none'>NOT</span>`},
		"a style of another name": {"", "<style title=a></style><style title=b>.x{display:none}</style><span class=x>NOT</span>"},
	}
}
