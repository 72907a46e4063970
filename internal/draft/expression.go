package draft

import (
	"regexp"
	"sync"
)

// expression compiles a regular expression when it is first needed: the tool links
// this package into every command, and a check should not wait for a draft.
func expression(form string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(form) })
}
