package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress is a bar on a terminal, and nothing anywhere else.
type progress struct {
	w     io.Writer // nil for none
	clock func() time.Time
	last  time.Time
	begun time.Time
	what  string // that is counted
}

func newProgress(env Env, quiet bool) *progress {
	p := &progress{clock: env.Clock, what: "entries"}
	if f, ok := env.Stderr.(*os.File); ok && !quiet && term.IsTerminal(int(f.Fd())) {
		p.w = f
		p.begun = env.Clock()
	}
	return p
}

// show draws at most ten times a second.
func (p *progress) show(done, total int64) {
	if p.w == nil || total == 0 {
		return
	}
	now := p.clock()
	if now.Sub(p.last) < 100*time.Millisecond {
		return
	}
	p.last = now
	const width = 30
	bar := make([]rune, width)
	for i := range bar {
		if bar[i] = '·'; int64(i) < done*width/total {
			bar[i] = '█'
		}
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s %3d%%  %d of %d %s, %.0f s", string(bar), done*100/total, done, total, p.what, now.Sub(p.begun).Seconds())
}

func (p *progress) clear() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
