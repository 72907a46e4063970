package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestFrontEnd: who leads is told in a cluster alone.
func TestFrontEnd(t *testing.T) {
	for _, c := range []struct {
		front *FrontEnd
		want  string
	}{
		{nil, ""},
		{&FrontEnd{}, "sijil_elections_total 0\nsijil_leader 0\n"},
		{&FrontEnd{Leads: true, Elections: 3}, "sijil_elections_total 3\nsijil_leader 1\n"},
	} {
		w := httptest.NewRecorder()
		New(func() Snapshot { return Snapshot{FrontEnd: c.front} }).Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		got := ""
		for line := range strings.Lines(w.Body.String()) {
			if strings.HasPrefix(line, "sijil_leader") || strings.HasPrefix(line, "sijil_elections") {
				got += line
			}
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.front, got, c.want)
		}
	}
}
