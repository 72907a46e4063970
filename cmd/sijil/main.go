// Command sijil publishes declarations and checks copies of them.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/sijil/sijil/internal/cli"
)

func main() {
	collectLate()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], cli.System())
	stop()
	os.Exit(code)
}

// collectLate puts off the first garbage collection until there are 64 MiB (16 times
// the runtime's least heap of 4): most runs end before, in a fifth less time. From
// then on the runtime collects as usual.
func collectLate() {
	debug.SetGCPercent(1600)
	first := new([64]byte)
	runtime.AddCleanup(first, func(percent int) { debug.SetGCPercent(percent) }, 100)
}
