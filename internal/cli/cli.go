// Package cli holds the subcommands of sijil. Run takes everything it needs as
// arguments and returns the exit status; nothing here ends the process.
//
// Exit statuses: 0 done, or the copy is what was endorsed; 1 the command
// failed, or the copy is altered, unknown or retracted; 2 usage; 3 the copy
// could not be checked; 4 proof that the log misbehaved. The result goes to
// standard output, talk to standard error.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/files"
)

// Exit statuses.
const (
	exitOK         = 0
	exitFailed     = 1
	exitUsage      = 2
	exitUnchecked  = 3
	exitMisbehaved = 4
)

// Env is what a command may touch.
type Env struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	Clock  func() time.Time
	HTTP   *http.Client
	Files  *extract.Reader // of copies
}

// System returns the process's own environment.
func System() Env {
	cache, _ := os.UserCacheDir() // without one nothing is kept
	if cache != "" {
		cache = filepath.Join(cache, "sijil")
	}
	return Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Clock: time.Now,
		HTTP: &http.Client{Timeout: 60 * time.Second}, Files: files.New(context.Background(), files.Options{CacheDir: cache, Time: maxReading})}
}

// hintError is an error with something the person can do about it.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }

func (e *hintError) Unwrap() error { return e.err }

func withHint(err error, format string, a ...any) error {
	if err == nil {
		return nil
	}
	return &hintError{err: err, hint: fmt.Sprintf(format, a...)}
}

// statusError ends a command with an exit status and, unless it is quiet, a
// message.
type statusError struct {
	code int
	err  error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

func usage(format string, a ...any) error {
	return &statusError{code: exitUsage, err: fmt.Errorf(format, a...)}
}

// Run carries out one command line and returns its exit status.
func Run(ctx context.Context, args []string, env Env) int {
	ran := false
	root := newRoot(env)
	root.SetArgs(args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		// cobra would look at these only after this hook.
		if err := errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
			return err
		}
		ran = true
		return nil
	}
	called, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	var status *statusError
	isStatus := errors.As(err, &status)
	if err.Error() != "" {
		fmt.Fprintf(env.Stderr, "sijil: error: %v\n", err)
	}
	var hint *hintError
	if errors.As(err, &hint) {
		fmt.Fprintf(env.Stderr, "sijil: hint: %s\n", hint.hint)
	}
	switch {
	case isStatus:
		return status.code
	case !ran: // flags or arguments were refused
		fmt.Fprintf(env.Stderr, "sijil: hint: it is used as `%s`; see `%s --help`\n", called.UseLine(), called.CommandPath())
		return exitUsage
	}
	return exitFailed
}

// Command is the tool's command tree, for its manual pages.
func Command() *cobra.Command { return newRoot(System()) }

func newRoot(env Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "sijil",
		Short: "Publish declarations, and check copies of them",
		Long: `Sijil publishes each version of a declaration and its signatory list as a signed
record in a transparency log, and tells anyone who holds a copy whether it is the
text the organisations endorsed.

To check a copy:      sijil trust init URL, then sijil verify FILE
To see what changed:  sijil history, sijil diff
To check the log:     sijil audit
To be told of news:   sijil monitor
To publish:           sijil draft, sijil review, sijil keygen, sijil publish
Several publishers:   sijil cosign, sijil policy, sijil recover
To endorse:           sijil invite, sijil endorse, sijil confirm, sijil endorsements
To withdraw:          sijil retract; a name: sijil withhold`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
		Args:          noCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newVerify(env), newTrust(env), newExport(env), newAudit(env), newMonitor(env), newProof(env), newRelease(env), newVerifyPage(env), newMirror(env), newWitness(env), newDraft(env), newReview(env), newKeygen(env),
		newPublish(env), newRetract(env), newCosign(env), newPolicy(env), newRecover(env), newInvite(env), newEndorse(env), newConfirm(env), newEndorsements(env), newWithhold(env), newImport(env), newHistory(env), newDiff(env))
	return root
}

// noCommand refuses what is no command's name, and says which one is near.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w: did you mean %q?", err, near[0])
	}
	return err
}

// version is what the Go tool wrote into the program.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(unknown)"
}
