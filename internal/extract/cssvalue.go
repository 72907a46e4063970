package extract

import (
	"strconv"
	"strings"
)

// normalSize is the browsers' own size of words, in pixels; percent stands for
// the hundredth part of a window's side.
const (
	normalSize = 16.0
	percent    = 12.0
)

// fontWords are sizes by name; those that depend on what is around are 0.
var fontWords = map[string]float64{"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18, "x-large": 24, "xx-large": 32, "xxx-large": 48, "smaller": 0, "larger": 0}

// reset tells a value that takes a property back to what it was without the sheet.
func reset(v string) bool {
	switch v {
	case "inherit", "initial", "unset", "revert", "revert-layer":
		return true
	}
	return false
}

// number reads a number and the unit behind it; the unit is "?" when it is none.
func number(v string) (float64, string) {
	end := len(v)
	for end > 0 && (v[end-1] < '0' || v[end-1] > '9') && v[end-1] != '.' {
		end--
	}
	n, err := strconv.ParseFloat(v[:end], 64)
	if err != nil {
		return 0, "?"
	}
	return n, v[end:]
}

// pixels reads a length in pixels, with what is relative taken for what it is on
// a common screen.
func pixels(v string, em float64) (float64, bool) {
	n, unit := number(v)
	switch unit {
	case "?":
		return 0, false
	case "":
		return n, true // old pages leave out the unit; valid has others not
	case "em", "ic", "lh":
		return n * em, true
	case "rem", "rlh":
		return n * normalSize, true
	case "ex", "ch":
		return n * em / 2, true
	case "%", "vw", "vh", "vmin", "vmax", "dvh", "svh", "lvh", "dvw", "svw", "lvw", "vi", "vb":
		return n * percent, true
	}
	if u := units[unit]; u > 0 {
		return n * u, true
	}
	return 0, false
}

// colorNames are those that pages use to hide words or to paint behind them; a
// name that is not here is a colour that is not known.
var colorNames = map[string]uint32{
	"black": black, "white": white, "red": 0xff0000, "green": 0x008000, "blue": 0x0000ff, "yellow": 0xffff00, "gray": 0x808080,
	"grey": 0x808080, "silver": 0xc0c0c0, "maroon": 0x800000, "olive": 0x808000, "lime": 0x00ff00, "aqua": 0x00ffff, "cyan": 0x00ffff,
	"teal": 0x008080, "navy": 0x000080, "fuchsia": 0xff00ff, "magenta": 0xff00ff, "purple": 0x800080, "orange": 0xffa500,
	"whitesmoke": 0xf5f5f5, "snow": 0xfffafa, "ivory": 0xfffff0, "ghostwhite": 0xf8f8ff, "floralwhite": 0xfffaf0, "seashell": 0xfff5ee,
	"mintcream": 0xf5fffa, "azure": 0xf0ffff, "aliceblue": 0xf0f8ff, "honeydew": 0xf0fff0, "linen": 0xfaf0e6, "oldlace": 0xfdf5e6,
	"lightgray": 0xd3d3d3, "lightgrey": 0xd3d3d3, "gainsboro": 0xdcdcdc, "darkgray": 0xa9a9a9, "darkgrey": 0xa9a9a9, "dimgray": 0x696969,
	"dimgrey": 0x696969, "lightyellow": 0xffffe0, "beige": 0xf5f5dc, "lavender": 0xe6e6fa, "lavenderblush": 0xfff0f5, "cornsilk": 0xfff8dc,
	"darkblue": 0x00008b, "darkgreen": 0x006400, "darkred": 0x8b0000, "brown": 0xa52a2a, "pink": 0xffc0cb, "gold": 0xffd700,
	"crimson": 0xdc143c, "indigo": 0x4b0082, "steelblue": 0x4682b4, "royalblue": 0x4169e1, "midnightblue": 0x191970, "slategray": 0x708090,
	"darkslategray": 0x2f4f4f, "tomato": 0xff6347, "lightblue": 0xadd8e6, "lightgreen": 0x90ee90, "canvas": white, "canvastext": black,
}

// parseColor reads a colour and its opacity.
func parseColor(v string) (rgb uint32, alpha float64, ok bool) {
	if v == "transparent" {
		return black, 0, true
	}
	if c, named := colorNames[v]; named {
		return c, 1, true
	}
	if hex, is := strings.CutPrefix(v, "#"); is {
		return parseHex(hex)
	}
	name, args, is := strings.Cut(v, "(")
	if !is || !strings.HasSuffix(args, ")") {
		return 0, 0, false
	}
	f := strings.FieldsFunc(args[:len(args)-1], func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if len(f) != 3 && len(f) != 4 {
		return 0, 0, false
	}
	alpha = 1
	if len(f) == 4 {
		n, unit := number(f[3])
		if unit == "%" {
			n /= 100
		}
		alpha = min(max(n, 0), 1)
	}
	switch name {
	case "rgb", "rgba":
		for _, part := range f[:3] {
			n, unit := number(part)
			if unit == "%" {
				n *= 2.55
			} else if unit != "" {
				return 0, 0, false
			}
			rgb = rgb<<8 | uint32(min(max(n, 0), 255)+0.5)
		}
		return rgb, alpha, true
	case "hsl", "hsla":
		return hsl(f), alpha, true
	}
	return 0, 0, false
}

func parseHex(hex string) (uint32, float64, bool) {
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return 0, 0, false
	}
	alpha := 1.0
	switch len(hex) {
	case 8:
		alpha = float64(n&0xff) / 255
		n >>= 8
	case 4, 3:
		if len(hex) == 4 {
			alpha = float64(n&0xf) / 15
			n >>= 4
		}
		n = (n>>8&0xf)*0x110000 | (n>>4&0xf)*0x1100 | (n&0xf)*0x11
	case 6:
	default:
		return 0, 0, false
	}
	return uint32(n), alpha, true
}

// hsl turns hue, saturation and lightness into a colour.
func hsl(f []string) uint32 {
	h, _ := number(f[0])
	s, _ := number(f[1])
	l, _ := number(f[2])
	s, l = min(max(s/100, 0), 1), min(max(l/100, 0), 1)
	a := s * min(l, 1-l)
	part := func(n float64) uint32 {
		k := n + h/30
		k -= 12 * float64(int(k/12))
		if k < 0 {
			k += 12
		}
		return uint32(255*(l-a*max(-1, min(k-3, 9-k, 1))) + 0.5)
	}
	return part(0)<<16 | part(8)<<8 | part(4)
}
