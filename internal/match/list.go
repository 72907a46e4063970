package match

import (
	"fmt"

	"github.com/sijil/sijil/internal/text"
)

// A nameList is a version's signatory list, prepared for look-up.
type nameList struct {
	names    []name
	listed   int // names that are not withheld
	withheld int
	places   []name // the place-and-date lines
}

type name struct {
	text     string
	withheld bool
	form     *text.Form // nil for a withheld name
	ids      []uint32
}

func newNameList(v Version) (*nameList, error) {
	l := &nameList{}
	for i, n := range v.Names {
		if n.Withheld {
			l.names = append(l.names, name{withheld: true})
			l.withheld++
			continue
		}
		form, err := text.Parse([]byte(n.Text))
		if err != nil {
			return nil, fmt.Errorf("name %d: %w", i, err)
		}
		l.names = append(l.names, name{text: n.Text, form: form})
		l.listed++
	}
	return l, nil
}

// intern gives the names their token ids; the caller holds the index's lock.
func (l *nameList) intern(x *Index) {
	for i := range l.names {
		if n := &l.names[i]; n.form != nil {
			n.ids = x.intern(n.form.Tokens)
		}
	}
}
