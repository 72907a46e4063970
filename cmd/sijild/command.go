package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/tilewriter"
	"github.com/sijil/sijil/internal/trilliansqlite"
	"github.com/sijil/sijil/internal/witness"
	"github.com/sijil/sijil/keys"
)

// run carries out one command line. Exit statuses: 0 done, 1 failed, 2 usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ran := false
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
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
		return 0
	}
	fmt.Fprintf(stderr, "sijild: error: %v\n", err)
	if hint := hintFor(err); hint != "" {
		fmt.Fprintf(stderr, "sijild: hint: %s\n", hint)
	}
	if !ran {
		fmt.Fprintf(stderr, "sijild: hint: it is used as `%s`; see `%s --help`\n", called.UseLine(), called.CommandPath())
		return 2
	}
	return 1
}

func hintFor(err error) string {
	var behind *witness.BehindError
	switch {
	case errors.As(err, &behind):
		return "the data folder is an older copy, or somebody else signs with this log's key. Nothing was signed: going on would be a second history. Put the newest copy of the folder back; if it is lost, end this log with `sijild freeze` and start a new one; a witness that is wrong leaves by `sijild policy set`"
	case errors.Is(err, errRestored):
		return "nothing was signed. Ask mirrors, publishers and witnesses for the largest tree that they saw. Was it no more than this: `sijild accept --data DIR --entries N`. Was it more: put a newer copy back; if there is none, end this log with `sijild freeze` and start a new one"
	case errors.Is(err, errSilent):
		return "nothing was signed. Start again when it answers, or take it out of the policy with `sijild policy set`"
	case errors.Is(err, store.ErrInUse):
		return "a front end of this log is running, or being ended: stop all of them first"
	case errors.Is(err, trilliansqlite.ErrInUse):
		return "another sijild serves this data folder: stop it first, or use another --data"
	case errors.Is(err, trilliansqlite.ErrReadOnly):
		return "the data folder must be writable by the user that runs sijild"
	case errors.Is(err, errNoData):
		return "make a new log with `sijild init --data DIR --url URL`; if one was here, restore it: a new one would be another log"
	case errors.Is(err, tilewriter.ErrRollback):
		return "the data folder is probably an older copy. Nothing was signed. Put the newest copy back; if it is lost, freeze this log and start a new one"
	case errors.Is(err, tilewriter.ErrDiskFull):
		return "free some space on the disk of the data folder"
	}
	return ""
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "sijild",
		Short:         "Keep a transparency log of declarations, and serve it",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newInit(stdout), newServe(stderr), newToken(stdout), newFingerprint(stdout), newPolicy(stdout), newDoor(stdout), newReleaseKey(stdout), newObserverKey(stdout), newFreeze(stdout, stderr), newCheck(stdout), newBackup(stdout, stderr), newRestore(stdout), newAccept(stdout))
	return root
}

// version is what the Go tool wrote into the program.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(unknown)"
}

func dataFlag(c *cobra.Command, data *string) {
	c.Flags().StringVar(data, "data", "", "the data folder `DIR`")
	c.MarkFlagRequired("data")
}

func clusterFlags(c *cobra.Command, o *clusterOptions) {
	c.Flags().StringVar(&o.trillian, "trillian", "", "the trillian_log_server at `HOST:PORT`")
	c.Flags().StringVar(&o.ca, "trillian-ca", "", "it speaks TLS, under the authorities in `FILE` (PEM)")
	c.Flags().StringVar(&o.database, "database", "", "the PostgreSQL database at `URL`, if the data folder does not say it; a password stands better in the folder's file or in PGPASSFILE")
}

func newInit(stdout io.Writer) *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init --data DIR --url URL",
		Short: "Make a new, empty log",
		Long: `Make a new, empty log: its key, the observer key and the databases, in a data
folder. The host name in URL becomes the log's name for ever: another host name
or key is another log. Nothing else makes a log; serve refuses a folder without.

With --trillian and --database it makes a log for a cluster: a tree in Trillian, our
tables in a PostgreSQL database, and a folder with the keys and the database's
address, of which every front end gets a copy.`,
		Example: "  sijild init --data /var/lib/sijil --url https://sijil.example.org\n  sijild init --data /etc/sijil --url https://sijil.example.org --trillian trillian.internal:8090 --database postgres://sijil@db.internal/sijil",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := initialise(cmd.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "log:         %s\nfingerprint: %s\nlog key:     %s (keep a copy of it apart from the backups)\n", key.Origin(), key.ID(), o.logKeyPath())
			if u, err := url.Parse(o.url); err == nil && u.Port() != "" && u.Scheme == "http" && o.cluster.database == "" {
				fmt.Fprintf(stdout, "next:        sijild serve --data %s --listen 127.0.0.1:%s\n", o.data, u.Port())
				return nil
			}
			if o.cluster.database != "" {
				fmt.Fprintf(stdout, "next:        copy %s to every front end; sijild serve --data %s --trillian %s\n", o.data, o.data, o.cluster.trillian)
				return nil
			}
			fmt.Fprintf(stdout, "next:        sijild serve --data %s, behind a proxy that answers at %s\n", o.data, o.url)
			return nil
		},
	}
	dataFlag(c, &o.data)
	clusterFlags(c, &o.cluster)
	c.Flags().StringVar(&o.url, "url", "", "the service's base address `URL`, as readers see it")
	c.Flags().StringVar(&o.logKey, "log-key", "", "keep the log key in `FILE` instead of the data folder")
	c.MarkFlagRequired("url")
	return c
}

func newServe(stderr io.Writer) *cobra.Command {
	o := serveOptions{door: publish.DoorListed}
	c := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "Serve the log and its publications",
		Long: `Serve the log and its publications from the data folder. With --trillian this is one
front end of a cluster, of which any number may run: entries are kept by
trillian_log_server and trillian_log_signer, everything else in PostgreSQL, and the
data folder holds keys alone. One front end at a time leads: it exports tiles and
signs checkpoints. When it dies another one does.`,
		Example: "  sijild serve --data /var/lib/sijil --listen 127.0.0.1:8080\n  sijild serve --data /etc/sijil --trillian trillian.internal:8090 --database postgres://sijil@db.internal/sijil",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), o, stderr)
		},
	}
	dataFlag(c, &o.data)
	clusterFlags(c, &o.cluster)
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "listen on `ADDRESS`; port 0 takes a free one")
	c.Flags().StringVar(&o.logKey, "log-key", "", "the log key's `FILE`, if it is not in the data folder")
	c.Flags().StringVar(&o.addressFile, "address-file", "", "write the address that is listened on to `FILE`")
	c.Flags().Var(doorValue{&o.door}, "door", "whose entries the Rekor v2 API takes: off, listed (see sijild door) or open")
	c.Flags().StringVar(&o.mail.listen, "smtp", "", "take signatories' mails by SMTP on `ADDRESS` (an MX record leads there)")
	c.Flags().StringVar(&o.mail.to, "mail-to", "", "the `ADDRESS` that signatories write to, such as endorse@sijil.example.org")
	c.Flags().StringVar(&o.mail.recipients, "mail-recipients", "", "keep raw mails encrypted to the age public keys in `FILE`, one a line; their private keys are not for this machine")
	c.Flags().StringVar(&o.mail.relay.Addr, "mail-relay", "", "tell organisations, through the relay at `HOST:PORT`, what a mail of theirs has said")
	c.Flags().StringVar(&o.mail.relayTLS, "mail-relay-tls", "starttls", "starttls, implicit, or none (on this machine alone)")
	c.Flags().StringVar(&o.mail.relay.Username, "mail-relay-user", "", "the relay's user `NAME`")
	c.Flags().StringVar(&o.mail.password, "mail-relay-password", "", "the relay's password, in `FILE`")
	c.Flags().DurationVar(&o.mail.retention, "mail-retention", 2*365*24*time.Hour, "how long raw mails are kept")
	c.Flags().Var(fetchValue{&o.domains}, "domains", "ask organisations' domains what they say of their list entries: off, on, or private (addresses of the own network too)")
	c.Flags().Var(fetchValue{&o.fetch}, "fetch", "fetch pages whose address somebody gives, to check them: off, on, or private (addresses of the own network too: for an intranet)")
	c.Flags().StringVar(&o.metrics, "metrics", "", "serve Prometheus metrics at /metrics on `ADDRESS`, which only you should reach")
	c.Flags().StringVar(&o.metricsFile, "metrics-address-file", "", "write the address of the metrics to `FILE`")
	c.Flags().Uint64Var(&o.minFree, "min-free", 256, "stop accepting records when less than this many `MIB` are free on the disk")
	c.Flags().BoolVar(&o.noLimits, "no-rate-limits", false, "do not limit how often one address may write or verify (behind a proxy that does, and for benchmarks)")
	return c
}

func newFingerprint(stdout io.Writer) *cobra.Command {
	var data, logKey string
	c := &cobra.Command{
		Use:   "fingerprint --data DIR",
		Short: "Print the log's fingerprint and verifier key, and its witness policy's fingerprint, to be made public",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, key, err := loadLogKey(data, logKey)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%s\n%s\n", key.ID(), strings.TrimSpace(key.String()))
			text, err := readPolicy(cmd.Context(), data)
			if err != nil {
				return err
			}
			if p, err := keys.ParsePolicy(text); err != nil {
				return err
			} else if p.Quorum() {
				fmt.Fprintf(stdout, "%s\n", p.Fingerprint())
			}
			return nil
		},
	}
	dataFlag(c, &data)
	c.Flags().StringVar(&logKey, "log-key", "", "the log key's `FILE`, if it is not in the data folder")
	return c
}
