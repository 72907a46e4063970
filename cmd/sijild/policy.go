package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/trilliansqlite"
	"github.com/sijil/sijil/keys"
)

// maxPolicyFile bounds a policy file, in bytes.
const maxPolicyFile = 64 << 10

func newPolicy(stdout io.Writer) *cobra.Command {
	var data, logKey string
	c := &cobra.Command{
		Use:   "policy --data DIR",
		Short: "Print the witness policy, or set it",
		Long: `Print the witness policy: whose cosignatures a checkpoint needs before readers are
shown it. It is part of every reader's trust file: publish changes to it as you
published the log's fingerprint.`,
		Example: "  sijild policy --data /var/lib/sijil\n  sijild policy set --data /var/lib/sijil policy.txt",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := readPolicy(cmd.Context(), data)
			if err != nil {
				return err
			}
			fmt.Fprint(stdout, text)
			return nil
		},
	}
	set := &cobra.Command{
		Use:   "set --data DIR FILE",
		Short: "Set the witness policy, while the service is stopped",
		Long: `Set the witness policy (C2SP tlog-policy). FILE names witnesses, groups and the
quorum; the log line may be left out. For example, two of three:

  witness north north.example+… https://north.example
  witness south south.example+… https://south.example
  witness west west.example+… https://west.example/witness
  group all-of-them 2 north south west
  quorum all-of-them`,
		Example: "  sijild policy set --data /var/lib/sijil policy.txt",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := setPolicy(cmd.Context(), data, logKey, args[0])
			if err != nil {
				return err
			}
			fmt.Fprint(stdout, p)
			return nil
		},
	}
	dataFlag(c, &data)
	dataFlag(set, &data)
	set.Flags().StringVar(&logKey, "log-key", "", "the log key's `FILE`, if it is not in the data folder")
	c.AddCommand(set)
	return c
}

func readPolicy(ctx context.Context, data string) (_ string, err error) {
	rows, err := openRows(ctx, data)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return rows.Setting(ctx, settingPolicy)
}

// setPolicy takes the lock that a running service holds: what readers were
// shown under the old policy must not move while the new one begins from it.
func setPolicy(ctx context.Context, data, logKey, file string) (_ *keys.Policy, err error) {
	p, err := parsePolicyFile(data, logKey, file)
	if err != nil {
		return nil, err
	}
	lock, err := alone(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	rows, err := openRows(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	text, err := rows.Setting(ctx, settingPolicy)
	if err != nil {
		return nil, err
	}
	old, err := keys.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	return p, rows.SetPolicy(ctx, settingPolicy, p.String(), !old.Quorum())
}

func parsePolicyFile(data, logKey, file string) (*keys.Policy, error) {
	_, key, err := loadLogKey(data, logKey)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxPolicyFile {
		return nil, fmt.Errorf("%s is over %d bytes", file, maxPolicyFile)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	text := string(b)
	if !strings.HasPrefix(text, "log ") && !strings.Contains(text, "\nlog ") {
		text = "log " + key.String() + "\n" + text
	}
	p, err := keys.ParsePolicy(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if p.Log().ID() != key.ID() {
		return nil, fmt.Errorf("%s: its log line is of another log; leave it out, it is added", file)
	}
	return p, nil
}

// alone takes the lock that a running service holds.
func alone(ctx context.Context, data string) (io.Closer, error) {
	url, err := databaseOf(data)
	if err != nil {
		return nil, err
	}
	if url != "" {
		return store.Alone(ctx, url)
	}
	return trilliansqlite.Open(filepath.Join(data, trillianDir), trilliansqlite.Options{})
}

// openRows opens the rows of a log, in the folder or where it says.
func openRows(ctx context.Context, data string) (*store.Store, error) {
	url, err := databaseOf(data)
	if err != nil {
		return nil, err
	}
	if url != "" {
		return store.OpenPostgres(ctx, url)
	}
	rows, err := store.Open(ctx, data)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%s %w", data, errNoData)
	}
	return rows, err
}
