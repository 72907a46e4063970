package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/flock"
	"github.com/sijil/sijil/internal/witness"
)

// policyName is a name that a policy takes as it stands.
var policyName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`) })

func newWitness(env Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "witness",
		Short: "Be a witness: cosign the checkpoints of logs that you follow",
		Long: `A witness cosigns a log's checkpoints, and only ever those that extend the one it
cosigned last. A log whose readers ask for cosignatures cannot show two histories
without its witnesses' help: run one if you want to keep a log honest.

Make it, tell it which logs to follow, serve it behind TLS, and give its policy
line to those who run the logs.`,
		Example: `  sijil witness init /var/lib/witness --name witness.example.org
  sijil witness add /var/lib/witness --log 'sijil.example.org+a1b2c3d4+AQ…'
  sijil witness run /var/lib/witness --listen 127.0.0.1:8082`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newWitnessInit(env), newWitnessAdd(env), newWitnessRun(env), newWitnessStatus(env))
	return c
}

func newWitnessInit(env Env) *cobra.Command {
	var name, address string
	c := &cobra.Command{
		Use:     "init DIR --name NAME",
		Short:   "Make a new witness's key and folder",
		Example: "  sijil witness init /var/lib/witness --name witness.example.org --url https://witness.example.org",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			vkey, err := witness.Create(args[0], name)
			if err != nil {
				return err
			}
			label := "NAME"
			if policyName().MatchString(name) {
				label = name
			}
			fmt.Fprintf(env.Stdout, "%s\n\nthe line for a log's policy:\n\n  witness %s %s %s\n", vkey, label, vkey, address)
			return nil
		},
	}
	c.Flags().StringVar(&name, "name", "", "the witness's `NAME` in its cosignatures, such as the host name it will have")
	c.Flags().StringVar(&address, "url", "https://HOST", "the `URL` at which logs will reach it")
	c.MarkFlagRequired("name")
	return c
}

func newWitnessAdd(env Env) *cobra.Command {
	var logKey string
	c := &cobra.Command{
		Use:   "add DIR --log VERIFIER-KEY",
		Short: "Follow a log",
		Long: `Follow a log by its verifier key, which the log's operator prints with
sijild fingerprint. A witness that is running takes it up at its next start.`,
		Example: "  sijil witness add /var/lib/witness --log 'sijil.example.org+a1b2c3d4+AQ…'",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := witness.OpenFolder(args[0], false)
			if err != nil {
				return witnessHint(err, args[0])
			}
			origin, err := f.Follow(logKey)
			if err != nil {
				return errors.Join(err, f.Close())
			}
			fmt.Fprintf(env.Stdout, "follows %s\n", origin)
			return f.Close()
		},
	}
	c.Flags().StringVar(&logKey, "log", "", "the log's `VERIFIER-KEY`")
	c.MarkFlagRequired("log")
	return c
}

func newWitnessRun(env Env) *cobra.Command {
	var listen, addressFile string
	c := &cobra.Command{
		Use:     "run DIR",
		Short:   "Serve add-checkpoint (C2SP tlog-witness)",
		Example: "  sijil witness run /var/lib/witness --listen 127.0.0.1:8082",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runWitness(cmd.Context(), env, args[0], listen, addressFile)
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8082", "listen on `ADDRESS`; port 0 takes a free one")
	c.Flags().StringVar(&addressFile, "address-file", "", "write the address that is listened on to `FILE`")
	return c
}

func runWitness(ctx context.Context, env Env, dir, listen, addressFile string) (err error) {
	f, err := witness.OpenFolder(dir, true)
	if err != nil {
		return witnessHint(err, dir)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if len(f.Logs()) == 0 {
		return withHint(fmt.Errorf("%s follows no log", dir), "add one with `sijil witness add %s --log VERIFIER-KEY`", dir)
	}
	logger := slog.New(slog.NewTextHandler(env.Stderr, nil))
	s, err := witness.NewServer(f, logger)
	if err != nil {
		return err
	}
	return serveHTTP(ctx, s, listen, addressFile, func(address string) {
		logger.InfoContext(ctx, "witnessing", "listen", address, "logs", len(f.Logs()))
	})
}

func newWitnessStatus(env Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status DIR",
		Short: "Say which logs are followed, and how far",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := witness.OpenFolder(args[0], false)
			if err != nil {
				return witnessHint(err, args[0])
			}
			defer f.Close()
			vkey, err := f.Key()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(env.Stdout, witnessStatus(vkey, f.Logs()))
			}
			fmt.Fprintln(env.Stdout, vkey)
			for _, l := range f.Logs() {
				fmt.Fprintf(env.Stdout, "  %s: %d entries\n", plain(l.Origin), l.Size)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

type witnessReport struct {
	Key  string        `json:"key"`
	Logs []witnessLine `json:"logs"`
}

type witnessLine struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
}

func witnessStatus(vkey string, logs []witness.Followed) witnessReport {
	r := witnessReport{Key: vkey, Logs: []witnessLine{}}
	for _, l := range logs {
		r.Logs = append(r.Logs, witnessLine{l.Origin, l.Size})
	}
	return r
}

func witnessHint(err error, dir string) error {
	if errors.Is(err, flock.ErrLocked) {
		return withHint(err, "another `sijil witness run` serves it: stop that one first")
	}
	return withHint(err, "make a witness with `sijil witness init %s --name NAME`", dir)
}
