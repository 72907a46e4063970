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

// ShownWords are a style and words in a sentence, which are shown although they stand
// where others are hidden.
func ShownWords() map[string][2]string {
	return map[string][2]string{
		"a policy":                {"", `<meta http-equiv=Content-Security-Policy content="style-src 'none'"><span style='display:none'>NOT</span>`},
		"a style of another name": {"", "<style title=a></style><style title=b>.x{display:none}</style><span class=x>NOT</span>"},
	}
}
