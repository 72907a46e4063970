package extract

import "math"

// Contrasts, as the accessibility guidelines define the ratio of two colours.
// Below the first nobody reads the words; below the second some do not.
const (
	invisible = 1.08
	hardly    = 1.6
)

// luminance is how bright a colour 0xRRGGBB is, 0 to 1.
func luminance(rgb uint32) float64 {
	part := func(c uint32) float64 {
		v := float64(c&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(rgb>>16) + 0.7152*part(rgb>>8) + 0.0722*part(rgb)
}

func contrast(a, b uint32) float64 {
	x, y := luminance(a)+0.05, luminance(b)+0.05
	return max(x, y) / min(x, y)
}

// near tells whether two colours differ little in each part: red on green of the
// same brightness can be read, and their contrast is low.
func near(a, b uint32, most int) bool {
	for shift := 0; shift <= 16; shift += 8 {
		d := int(a>>shift&0xff) - int(b>>shift&0xff)
		if d > most || d < -most {
			return false
		}
	}
	return true
}

// same tells whether words in one colour cannot be seen on the other.
func same(a, b uint32) bool { return contrast(a, b) < invisible && near(a, b, 24) }

// faint tells whether words in one colour hardly show on the other.
func faint(a, b uint32) bool { return contrast(a, b) < hardly && near(a, b, 96) }

// blend is a colour of the given opacity over another.
func blend(over, under uint32, alpha float64) uint32 {
	out := uint32(0)
	for shift := 0; shift <= 16; shift += 8 {
		a, b := float64(over>>shift&0xff), float64(under>>shift&0xff)
		out |= uint32(math.Round(a*alpha+b*(1-alpha))) << shift
	}
	return out
}
