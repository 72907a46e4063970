package match

import "testing"

// What a program may misread is no alteration; what it does not is.
func TestMistakable(t *testing.T) {
	for _, c := range []struct {
		published, read string
		want            bool
	}{
		{"modern", "modem", true},
		{"École", "ecole", true},
		{"10", "lO", true},
		{"seven", "nine", false},
		{"League", "Leagues", false}, // Latin letters are read well
		{"2026", "2025", false},
		{"يستهلكون", "يستبلكون", true},
		{"القصب", "القصبء", true},
		{"السبع", "السيع", true},
		{"كيلومتراً", "كلومتراً", true},
		{"سبع", "تسع", false}, // seven, nine
		{"خمس", "خمسين", false},
		{"مستقلة", "حكومية", false},
		{"لا", "ما", false},
		{"النهر", "river", false},
	} {
		if got := mistakable(c.published, c.read); got != c.want {
			t.Errorf("mistakable(%q, %q) = %v", c.published, c.read, got)
		}
	}
	for _, c := range []struct {
		number, read string
		want         bool
	}{{"2026", "6", true}, {"18", "8", true}, {"212,000", "12,000", true}, {"18", "81", false}, {"2026", "2025", false}} {
		if got := partOf(c.read, c.number); got != c.want {
			t.Errorf("partOf(%q, %q) = %v", c.read, c.number, got)
		}
	}
}
