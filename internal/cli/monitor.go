package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/clientstate"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/flock"
	"github.com/sijil/sijil/internal/monitor"
	"github.com/sijil/sijil/log/client"
)

type monitorFlags struct {
	trust, server, watch []string
	state                string
	once, fromStart      bool
	interval             time.Duration
	out                  sinkFlags
}

func newMonitor(env Env) *cobra.Command {
	var f monitorFlags
	c := &cobra.Command{
		Use:   "monitor",
		Short: "Follow services, and tell what happens in them",
		Long: `Follow one service or several, verify everything that is new in them, and tell of it:
versions, retractions, changes of keys, withheld names, endorsements, withdrawals and
denials, records that name an organisation you watch; and what is wrong: hidden
records, findings of an audit, a log that witnesses do not see, a service that gives no
answer, and proof that a log misbehaved. Trust files say which services, and whom to trust.

Each event is a line of JSON on standard output, and goes to a webhook and by mail where
you ask for it. What was seen and what waits to be told is kept in a folder: nothing is
lost by a restart. The first time it reports what is wrong and what waits, and takes the
history as known, unless --from-start is given.

It runs until it is stopped. With --once it looks once, for cron. Exit status then: 0
nothing is wrong; 1 there are findings; 3 a service gave no answer, or something was not
taken and waits; 4 proof that a log misbehaved.`,
		Example: `  sijil monitor
  sijil monitor --trust a.json --trust b.json --watch "Valley Radio" --watch "إذاعة الوادي"
  sijil monitor --once --webhook https://hooks.example.org/sijil --webhook-key hook.key
  sijil monitor --mail-to office@ngo.example --mail-from sijil@ngo.example --smtp 127.0.0.1:25`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), env) },
	}
	c.Flags().StringArrayVar(&f.trust, "trust", nil, "a trust `FILE`; repeat it for several services (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().StringArrayVar(&f.server, "server", nil, "the service's `URL`, one for each trust file in the same order (default: the trust files')")
	c.Flags().StringArrayVar(&f.watch, "watch", nil, "tell of records whose signatory list has this `NAME` or one like it; repeat it for several")
	c.Flags().StringVar(&f.state, "state", "", "the `DIR` to keep what was seen (default: $XDG_STATE_HOME/sijil/monitor)")
	c.Flags().BoolVar(&f.once, "once", false, "look once and end")
	c.Flags().BoolVar(&f.fromStart, "from-start", false, "the first time, tell also of everything that is there already")
	c.Flags().DurationVar(&f.interval, "interval", monitor.DefaultInterval, "look so often, give or take a fifth")
	f.out.add(c)
	return c
}

func (f monitorFlags) run(ctx context.Context, env Env) error {
	if f.interval <= 0 {
		return usage("--interval has to be more than nothing")
	}
	services, err := f.services(env)
	if err != nil {
		return err
	}
	sinks, err := f.out.sinks(env)
	if err != nil {
		return err
	}
	folder, err := f.folder(env)
	if err != nil {
		return err
	}
	defer folder.Close()
	m, err := monitor.Open(monitor.Config{
		Services: services, Store: folder, Sinks: sinks, Watch: f.watch, FromStart: f.fromStart, Interval: f.interval,
		Clock: env.Clock, Sleep: sleep, Rand: rand.Float64, Log: slog.New(slog.NewTextHandler(env.Stderr, nil)),
	})
	if err != nil {
		return withHint(&statusError{code: exitUsage, err: err}, "see `sijil monitor --help`; the state is in %s", f.state)
	}
	if !f.once {
		m.Run(ctx)
		return nil
	}
	out, err := m.Once(ctx)
	if err != nil {
		return fmt.Errorf("what was seen cannot be kept: %w", err)
	}
	return f.end(out, folder)
}

// end returns the exit status: proof before findings, findings before what could not be
// looked at.
func (f monitorFlags) end(out monitor.Outcome, folder *monitor.Folder) error {
	switch {
	case len(out.Misbehaved) > 0:
		return withHint(&statusError{code: exitMisbehaved, err: fmt.Errorf("the log misbehaved: %s", strings.Join(out.Misbehaved, ", "))},
			"the proof, two notes signed by the log's key, is in %s: show it to the operator, the publishers and other readers", filepath.Join(folder.Path(), "misbehaviour-*.json"))
	case out.Findings > 0:
		return withHint(&statusError{code: exitFailed, err: fmt.Errorf("%s", count(out.Findings, "open finding"))}, "`sijil audit` explains them")
	case len(out.Unreachable) > 0:
		return withHint(&statusError{code: exitUnchecked, err: fmt.Errorf("no answer from %s", strings.Join(out.Unreachable, ", "))}, "check the network and the address; the next run looks again")
	case out.Undelivered > 0:
		return withHint(&statusError{code: exitUnchecked, err: fmt.Errorf("%s not taken", count(out.Undelivered, "event"))}, "they wait, and the next run offers them again")
	}
	return nil
}

// services are those of the trust files.
func (f monitorFlags) services(env Env) ([]monitor.Service, error) {
	files := f.trust
	if len(files) == 0 {
		files = []string{""}
	}
	if len(f.server) > 0 && len(f.server) != len(files) {
		return nil, usage("--server is given %d times, for %s", len(f.server), count(len(files), "trust file"))
	}
	var out []monitor.Service
	for i, file := range files {
		trust, err := env.loadTrust(file)
		if err != nil {
			return nil, err
		}
		address := trust.BaseURL()
		if len(f.server) > 0 {
			address = f.server[i]
		}
		src, err := client.NewHTTP(address, env.HTTP)
		if err != nil {
			return nil, &statusError{code: exitUsage, err: err}
		}
		o := env.options(trust, "", src, evidence.Memory{})
		out = append(out, monitor.Service{Address: sourceName(strings.TrimSuffix(address, "/")), Trust: trust, Source: src, Consistent: o.Consistent,
			Wrong: func(err error) bool { return errors.Is(err, client.ErrTooLarge) }})
	}
	return out, nil
}

func (f *monitorFlags) folder(env Env) (*monitor.Folder, error) {
	if f.state == "" {
		base, err := clientstate.Base(env.Getenv)
		if err != nil {
			return nil, err
		}
		f.state = filepath.Join(base, "monitor")
	}
	folder, err := monitor.OpenFolder(f.state)
	if errors.Is(err, flock.ErrLocked) {
		return nil, withHint(err, "another `sijil monitor` uses it: stop that one, or name another folder with --state")
	}
	return folder, err
}

// sleep waits for a while, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
