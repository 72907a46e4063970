// Package ocr reads the words of a picture with the tesseract program, in a child
// process that has limits of memory and time. It reads each picture twice, the second time in
// another size. What the program doubts is a span of [extract.Copy.Doubtful], and so are
// what the two readings do not agree on, and gaps where words may have been missed.
//
// For instance, a screenshot of "Open the seven gates." of which "seven" is blurred
// yields that text and one doubtful span, the bytes of "seven".
package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the two forms that are read
	_ "image/png"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sijil/sijil/internal/extract"
)

const (
	// MaxPixels and MaxSide bound a picture.
	MaxPixels = 24_000_000
	MaxSide   = 12_000
	// maxOutput bounds what the program may print, in bytes.
	maxOutput = 8 << 20
	// memoryKiB and cpuSeconds are the limits of the child process.
	memoryKiB  = 1 << 20
	cpuSeconds = 14
)

// languages are the ones that are read together; Arabic is always among them, or
// Arabic text comes out as Latin noise read with confidence.
var languages = []string{"eng", "fra", "ara"}

// An Engine reads pictures, one at a time. It implements extract.Engine.
type Engine struct {
	program string
	time    time.Duration
	turn    chan struct{} // holds one value while nobody reads
}

// ErrMissing is returned by New where the program or its language data are not
// installed: the caller goes on without.
var ErrMissing = errors.New("ocr: the program tesseract with the data eng, fra and ara is not installed")

// New finds the program. limit is how long one picture may take, waiting included;
// 0 means 15 s.
func New(ctx context.Context, limit time.Duration) (*Engine, error) {
	program, err := exec.LookPath("tesseract")
	if err != nil {
		return nil, ErrMissing
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	list, err := exec.CommandContext(ctx, program, "--list-langs").Output()
	if err != nil {
		return nil, fmt.Errorf("ocr: %s: %w", program, err)
	}
	have := strings.Fields(string(list))
	for _, l := range languages {
		if !slices.Contains(have, l) {
			return nil, ErrMissing
		}
	}
	if limit == 0 {
		limit = 15 * time.Second
	}
	e := &Engine{program: program, time: limit, turn: make(chan struct{}, 1)}
	e.turn <- struct{}{}
	return e, nil
}

// Read returns the words of a PNG or JPEG picture. An error is an *extract.Error.
func (e *Engine) Read(ctx context.Context, file []byte) (*extract.Copy, error) {
	pixels, err := bounds(file)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.time)
	defer cancel()
	select {
	case <-e.turn:
		defer func() { e.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, &extract.Error{Code: extract.CodeTooSlow, Detail: "other pictures are being read", Hint: "try again in a moment"}
	}
	first, err := e.read(ctx, file, languages)
	if err != nil {
		return nil, err
	}
	if len(first) == 0 {
		return copyOf(nil)
	}
	k := secondSize(first, pixels)
	other, err := scaled(file, k)
	if err != nil {
		return nil, err
	}
	second, err := e.read(ctx, other, languagesOf(first))
	if err != nil {
		return nil, err
	}
	if confidence(first) > confidence(second) {
		agree(first, second, k)
		return copyOf(first)
	}
	agree(second, first, 1/k)
	return copyOf(second)
}

// read returns the words of a picture as the program reads them.
func (e *Engine) read(ctx context.Context, file []byte, languages []string) ([]*word, error) {
	table, err := e.run(ctx, file, languages)
	if err != nil {
		return nil, err
	}
	return parse(table)
}

// bounds looks at the picture's head before anything decodes it, and returns how many
// pixels it has.
func bounds(file []byte) (int, error) {
	head, form, err := image.DecodeConfig(bytes.NewReader(file))
	switch {
	case errors.Is(err, image.ErrFormat):
		return 0, &extract.Error{Code: extract.CodeForm, Detail: "pictures are read as PNG or JPEG only", Hint: "take a screenshot of it and check that"}
	case err != nil:
		return 0, &extract.Error{Code: extract.CodeDamaged, Detail: "the picture is damaged", Hint: "ask for it again, or take a screenshot of it"}
	case head.Width > MaxSide || head.Height > MaxSide || head.Width*head.Height > MaxPixels:
		return 0, &extract.Error{Code: extract.CodeTooLarge, Detail: fmt.Sprintf("the %s picture has %d×%d pixels; at most %d million are read", form, head.Width, head.Height, MaxPixels/1_000_000),
			Hint: "make it smaller, or cut out the declaration"}
	}
	return head.Width * head.Height, nil
}

// run starts the child and waits for it, or ends it with all that it started.
func (e *Engine) run(ctx context.Context, file []byte, languages []string) ([]byte, error) {
	// The shell sets the limits and becomes the program.
	script := fmt.Sprintf(`ulimit -v %d -t %d -f 0 -c 0; exec "$@"`, memoryKiB, cpuSeconds)
	c := exec.CommandContext(ctx, "/bin/sh", "-c", script, "sh", e.program,
		"stdin", "stdout", "-l", strings.Join(languages, "+"), "--psm", "3", "tsv")
	c.Env = []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C", "PATH=/usr/bin:/bin"}
	if dir := os.Getenv("TESSDATA_PREFIX"); dir != "" {
		c.Env = append(c.Env, "TESSDATA_PREFIX="+dir)
	}
	c.Dir = "/"
	c.Stdin = bytes.NewReader(file)
	var out limited
	c.Stdout = &out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	err := c.Run()
	switch {
	case ctx.Err() != nil:
		return nil, &extract.Error{Code: extract.CodeTooSlow, Detail: "the picture takes too long to read", Hint: "cut out the declaration, or make the picture smaller"}
	case err != nil || out.full:
		return nil, unreadable
	}
	return out.Bytes(), nil
}

// limited is a buffer that stops growing.
type limited struct {
	bytes.Buffer
	full bool
}

func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxOutput {
		l.full = true
		return 0, errors.New("ocr: too much output")
	}
	return l.Buffer.Write(b)
}
