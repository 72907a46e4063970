package domain

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/sijil/sijil/internal/domain/domaintest"
	"github.com/sijil/sijil/log"
)

// parts cuts a text as a TXT record may be, which holds strings of at most 255 bytes.
func parts(s string, size int) (out []string) {
	for ; len(s) > size; s = s[size:] {
		out = append(out, s[:size])
	}
	return append(out, s)
}

func TestDNS(t *testing.T) {
	denial, key := line(Denial), line(Key)
	n := &domaintest.Names{TXT: map[string][][]string{"_sijil." + org: {
		parts(key.String(), 100), parts(denial.String(), 255), {"v=spf1 -all"}, {lookAlikes["padding"]}, parts(key.String(), 7), {"\xff"},
	}}}
	c := New(Config{Resolver: n.Serve(t), Clock: func() time.Time { return noon }})
	s, err := c.DNS(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	records := []string{key.String(), denial.String(), "v=spf1 -all", lookAlikes["padding"], "\xff"}
	slices.Sort(records)
	var body []byte
	for _, r := range records {
		body = append(append(body, r...), '\n')
	}
	if s.Domain() != org || s.Via() != DNS || !cmp.Equal(s.Lines(), []Line{denial, key}) || len(s.Faults()) != 1 ||
		s.Body() != log.Sum(body) || !s.Certificate().IsZero() || s.Redirected() || !s.At().Equal(noon) {
		t.Errorf("%+v", s)
	}
	n.Change(func() {
		if !cmp.Equal(slices.Compact(n.Seen), []string{"_sijil." + org}) {
			t.Errorf("asked for %q", n.Seen)
		}
	})
	// The order in which a server sends them is nothing.
	n.Change(func() { slices.Reverse(n.TXT["_sijil."+org]) })
	again, err := c.DNS(t.Context(), org)
	if err != nil || again.Body() != s.Body() || !cmp.Equal(again.Lines(), s.Lines()) {
		t.Errorf("%+v, %v", again, err)
	}
	// A record that is gone is an answer.
	n.Change(func() { n.TXT = nil })
	s, err = c.DNS(t.Context(), org)
	if err != nil || len(s.Lines()) != 0 || !s.Body().IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
	n.Change(func() { n.Fail = dnsmessage.RCodeServerFailure })
	s, err = c.DNS(t.Context(), org)
	wantError(t, s, err, ErrTemporary, "")
}

// answers is a resolver that gives what no server would.
type answers []string

func (a answers) LookupTXT(context.Context, string) ([]string, error) { return a, nil }

type silent struct{}

func (silent) LookupTXT(ctx context.Context, _ string) ([]string, error) {
	<-ctx.Done()
	return nil, errors.New("no answer")
}

func TestDNSRefuses(t *testing.T) {
	many := make(answers, 65)
	for says, a := range map[string]answers{
		"more than 64":    many,
		"more than 16384": {line(Key).String(), string(make([]byte, MaxBody))},
		"a line end":      {line(Key).String() + "\n" + line(Denial).String()},
	} {
		s, err := New(Config{Resolver: a}).DNS(t.Context(), org)
		wantError(t, s, err, ErrRefused, says)
	}
	s, err := New(Config{Resolver: silent{}, Timeout: time.Millisecond}).DNS(t.Context(), org)
	wantError(t, s, err, ErrTemporary, "")
}
