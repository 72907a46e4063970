package keys

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

var slugForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`) })

// reservedSlugs are words that stand for something else in addresses and
// commands.
var reservedSlugs = []string{"about", "admin", "api", "app", "badge", "check", "docs", "genesis", "head", "health", "help",
	"history", "home", "log", "new", "publication", "publications", "readyz", "healthz", "record", "search", "sijil",
	"static", "status", "tile", "tiles", "trust", "verify", "version", "versions", "well-known", "witness", "www"}

// CheckSlug says which rule a slug breaks: [a-z0-9]+(-[a-z0-9]+)*, 3 to 63
// characters, no "xn--", no reserved word.
func CheckSlug(slug string) error {
	switch {
	case len(slug) < 3 || len(slug) > 63:
		return fmt.Errorf("slug %q: want 3 to 63 characters", clip(slug))
	case !slugForm().MatchString(slug):
		return fmt.Errorf("slug %q: want lower-case letters a-z and digits, in groups joined by single hyphens", clip(slug))
	case strings.Contains(slug, "xn--"):
		return fmt.Errorf("slug %q: must not contain xn--", clip(slug))
	case slices.Contains(reservedSlugs, slug):
		return fmt.Errorf("slug %q: is a reserved word", slug)
	}
	return nil
}

// SimilarSlug reports whether two different slugs could be taken for one
// another: they are within one edit (insert, delete, replace, or two
// neighbours swapped), or their look-alike skeletons are equal.
func SimilarSlug(a, b string) bool {
	return a != b && (withinOneEdit(a, b) || skeleton(a) == skeleton(b))
}

// skeleton maps characters that look alike in common typefaces to one of them,
// and drops hyphens. Pairs come second: "c1" looks like "cl", and so like "d".
func skeleton(s string) string {
	s = strings.NewReplacer("-", "", "0", "o", "1", "l", "i", "l", "5", "s", "8", "b", "2", "z").Replace(s)
	return strings.NewReplacer("rn", "m", "vv", "w", "cl", "d").Replace(s)
}

func withinOneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) || a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
