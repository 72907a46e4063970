package extract

import (
	"strconv"
	"strings"
)

// units are the lengths of units in CSS pixels; a page is told by relative ones
// only together with what they relate to.
var units = map[string]float64{"px": 1, "pt": 4. / 3, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6}

// length reads a number and its unit. The unit is 0 when it is none of units; the
// number is given all the same.
func length(s string) (n, unit float64) {
	s = strings.TrimSpace(s)
	end := len(s)
	for end > 0 && (s[end-1] < '0' || s[end-1] > '9') && s[end-1] != '.' {
		end--
	}
	n, err := strconv.ParseFloat(s[:end], 64)
	if err != nil {
		return 0, 0
	}
	return n, units[strings.ToLower(s[end:])]
}
