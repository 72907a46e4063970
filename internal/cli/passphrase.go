package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sijil/sijil/keys"
)

const minPassphrase = 8

// passphraseFlags say where a passphrase comes from.
type passphraseFlags struct {
	env, file string
	what      string // what is asked for, if it is no passphrase
}

func (p *passphraseFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&p.env, "passphrase-env", "", "read the passphrase, or the token's PIN, from the environment variable `NAME`")
	c.Flags().StringVar(&p.file, "passphrase-file", "", "read the passphrase, or the token's PIN, from the first line of `FILE`")
	c.MarkFlagsMutuallyExclusive("passphrase-env", "passphrase-file")
}

// get returns the passphrase; twice asks a person to repeat it.
func (p *passphraseFlags) get(env Env, twice bool) ([]byte, error) {
	switch {
	case p.env != "":
		v := env.Getenv(p.env)
		if v == "" {
			return nil, usage("the environment variable %s is empty or not set", p.env)
		}
		return []byte(v), nil
	case p.file != "":
		b, err := readFile(p.file, 4096)
		if err != nil {
			return nil, err
		}
		line, _, _ := bytes.Cut(b, []byte("\n"))
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 {
			return nil, fmt.Errorf("%s: the first line is empty", p.file)
		}
		return line, nil
	}
	return ask(env, p.what, twice)
}

func ask(env Env, what string, twice bool) ([]byte, error) {
	f, ok := env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, usage("there is no terminal to ask for the passphrase, or the token's PIN: use --passphrase-env or --passphrase-file")
	}
	read := func(prompt string) ([]byte, error) {
		fmt.Fprint(env.Stderr, prompt)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(env.Stderr)
		return b, err
	}
	first, err := read(cmp.Or(what, "Passphrase") + ": ")
	if err != nil || !twice {
		return first, err
	}
	again, err := read("The same again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, again) {
		return nil, errors.New("the two passphrases differ")
	}
	return first, nil
}

// openKey opens a private key: a file, or one that is in a token or a service.
func (p *passphraseFlags) openKey(ctx context.Context, env Env, path string) (*keys.Signer, error) {
	if elsewhere(path) {
		return p.openElsewhere(ctx, env, path)
	}
	b, err := readFile(path, 64<<10)
	if err != nil {
		return nil, withHint(err, "name your private key with --key, or make one with `sijil keygen`")
	}
	pass, err := p.get(env, false)
	if err != nil {
		return nil, err
	}
	s, err := keys.DecryptSigner(b, pass)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
