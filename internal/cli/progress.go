package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// progress draws a bar on standard error, if that is a terminal: a few times a
// second, and it wipes itself away at the end.
type progress struct {
	w     io.Writer // nil: not a terminal
	what  string
	clock func() time.Time
	drawn time.Time
	any   bool
}

func newProgress(env Env, what string) *progress {
	p := &progress{what: what, clock: env.Clock}
	if f, ok := env.Stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.w = f
	}
	return p
}

// set draws done of total.
func (p *progress) set(done, total uint64) {
	now := p.clock()
	if p.w == nil || total == 0 || done < total && now.Sub(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn, p.any = now, true
	const width = 30
	full := int(done * width / total)
	fmt.Fprintf(p.w, "\r  [%s%s] %d of %d %s ", strings.Repeat("=", full), strings.Repeat(" ", width-full), done, total, p.what)
}

// end wipes the bar.
func (p *progress) end() {
	if p.any {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
