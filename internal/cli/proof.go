package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/evidence"
)

// maxProofFile bounds a proof's file, in bytes.
const maxProofFile = 512 << 10

func newProof(env Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "proof FILE",
		Short: "Check a proof that a log misbehaved",
		Long: `Check a proof that somebody gives you: two notes that a log signed and that cannot
both be true. Nothing else is needed, no network and no trust file; compare the
log's fingerprint with the one you know. Exit status 4: it is proven. 1: it is not.`,
		Example: "  sijil proof misbehaviour-20260102T030405Z.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := readFile(args[0], maxProofFile)
			if err != nil {
				return &statusError{code: exitUsage, err: err}
			}
			return checkProof(env, b, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

type proofReport struct {
	Proven      bool   `json:"proven"`
	Rule        string `json:"rule"`
	Log         string `json:"log"`
	Fingerprint string `json:"fingerprint"`
	Reason      string `json:"reason"`
}

func checkProof(env Env, b []byte, asJSON bool) error {
	m, err := evidence.ParseMisbehaviour(b)
	if err != nil {
		return withHint(err, "want a file misbehaviour-….json that sijil wrote")
	}
	r := proofReport{Rule: m.Rule}
	key, err := m.Verify()
	if key != nil {
		r.Log, r.Fingerprint = key.Origin(), key.ID().String()
	}
	r.Proven = err == nil
	if err != nil {
		r.Reason = err.Error()
	}
	if asJSON {
		if err := printJSON(env.Stdout, r); err != nil {
			return err
		}
	}
	switch {
	case r.Proven:
		if !asJSON {
			fmt.Fprintf(env.Stdout, "✗ proven (%s): the log %s\n  %s\nsigned both of these, which cannot both be true:\n\n%s\n%s", m.Rule, plain(r.Log), r.Fingerprint, indent(m.First), indent(m.Second))
		}
		return &statusError{code: exitMisbehaved}
	case errors.Is(err, evidence.ErrOrder):
		return &statusError{code: exitFailed, err: fmt.Errorf("this alone proves nothing to you: %w", err)}
	}
	return &statusError{code: exitFailed, err: fmt.Errorf("this proves nothing: %w", err)}
}

// indent sets a note off, stripped of what could steer a terminal.
func indent(note string) string {
	var out string
	for line := range strings.Lines(note) {
		out += "    " + plain(strings.TrimSuffix(line, "\n")) + "\n"
	}
	return out
}
