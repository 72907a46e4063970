package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/mirror"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log/client"
)

type mirrorFlags struct {
	trust, listen, addressFile string
	json                       bool
}

func newMirror(env Env) *cobra.Command {
	var f mirrorFlags
	c := &cobra.Command{
		Use:   "mirror URL DIR",
		Short: "Keep a verified copy of a whole service",
		Long: `Copy everything that a service shows to readers into a folder, verifying all of
it: the log's tiles and checkpoint, and every publication's records, texts and
signatory lists. Run it again, from cron for example, to bring the folder up to
date; only what is new is fetched. A service that contradicts what the folder
holds is not copied, and the exit status is 4.

The folder has the service's own paths: put it on any static host, or serve it
with sijil mirror serve, and readers check copies there with --server.`,
		Example: `  sijil mirror https://sijil.example.org /srv/sijil-mirror
  sijil mirror serve /srv/sijil-mirror --listen 127.0.0.1:8081
  sijil verify --server http://127.0.0.1:8081 forwarded.txt`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), env, args[0], args[1], false)
		},
	}
	c.Flags().StringVar(&f.trust, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().BoolVar(&f.json, "json", false, "print what was done as one JSON object")
	serve := &cobra.Command{
		Use:     "serve DIR",
		Short:   "Serve a mirror's folder to readers",
		Example: "  sijil mirror serve /srv/sijil-mirror --listen 127.0.0.1:8081",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.serve(cmd.Context(), env, args[0]) },
	}
	serve.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8081", "listen on `ADDRESS`; port 0 takes a free one")
	serve.Flags().StringVar(&f.addressFile, "address-file", "", "write the address that is listened on to `FILE`")
	c.AddCommand(serve)
	return c
}

// run copies from a service, or a folder, to a folder.
func (f mirrorFlags) run(ctx context.Context, env Env, from, dir string, tiles bool) error {
	trust, err := env.loadTrust(f.trust)
	if err != nil {
		return err
	}
	src, err := env.fetcher(from)
	if err != nil {
		return &statusError{code: exitUsage, err: err}
	}
	state, err := env.state(trust)
	if err != nil {
		return err
	}
	memory, err := state.Load()
	if err != nil {
		return err
	}
	o := env.options(trust, "", src, memory)
	bar := newProgress(env, f.json)
	r, err := mirror.Update(ctx, mirror.Options{Source: src, Dir: dir, Trust: trust, Evidence: o, Tiles: tiles, Progress: bar.show})
	bar.clear()
	var bad *evidence.Misbehaviour
	var pin *keys.PinError
	switch {
	case errors.As(err, &bad):
		path, err := state.SaveProof(bad, env.Clock())
		if err != nil {
			return err
		}
		return withHint(&statusError{code: exitMisbehaved, err: bad}, "the folder stays as it was; the proof is in %s: show it to the operator, the publishers and other readers", path)
	case errors.As(err, &pin):
		return withHint(err, "a slug never changes its publication: ask the operator, and keep the folder as it is")
	case err != nil:
		return err
	}
	if f.json {
		return printJSON(env.Stdout, mirrorReport{Entries: r.Size, Before: r.Before, Files: r.Files, Publications: r.Publications, Witnesses: r.Checkpoint.Witnesses()})
	}
	fmt.Fprintf(env.Stdout, "%s: %s (%d before), %s; %s written\n", dir, countEntries(r.Size), r.Before, count(len(r.Publications), "publication"), count(r.Files, "file"))
	return nil
}

type mirrorReport struct {
	Entries      int64    `json:"entries"`
	Before       int64    `json:"before"`
	Files        int      `json:"files"`
	Publications []string `json:"publications"`
	Witnesses    int      `json:"witnesses"`
}

func (f mirrorFlags) serve(ctx context.Context, env Env, dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return withHint(fmt.Errorf("%s is no folder", dir), "make one with `sijil mirror URL %s`", dir)
	}
	h, err := mirror.Handler(dir)
	if err != nil {
		return err
	}
	return serveHTTP(ctx, h, f.listen, f.addressFile, func(address string) {
		fmt.Fprintf(env.Stderr, "serving %s at http://%s (Ctrl-C ends it)\n", dir, address)
	})
}

// fetcher reads from a service's address, or from a folder that holds a copy.
func (e Env) fetcher(from string) (client.Fetcher, error) {
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		return client.NewDir(from), nil
	}
	return client.NewHTTP(from, e.HTTP)
}
