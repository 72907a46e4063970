package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sijil/sijil/keys"
)

const minPassphrase = 8

// passphraseFlags say where a passphrase comes from.
type passphraseFlags struct{ env, file string }

func (p *passphraseFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&p.env, "passphrase-env", "", "read the passphrase from the environment variable `NAME`")
	c.Flags().StringVar(&p.file, "passphrase-file", "", "read the passphrase from the first line of `FILE`")
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
	return ask(env, twice)
}

func ask(env Env, twice bool) ([]byte, error) {
	f, ok := env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, usage("there is no terminal to ask for the passphrase: use --passphrase-env or --passphrase-file")
	}
	read := func(prompt string) ([]byte, error) {
		fmt.Fprint(env.Stderr, prompt)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(env.Stderr)
		return b, err
	}
	first, err := read("Passphrase: ")
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

// openKey opens a private key file.
func (p *passphraseFlags) openKey(env Env, path string) (*keys.Signer, error) {
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

func newKeygen(env Env) *cobra.Command {
	var out string
	var pass passphraseFlags
	c := &cobra.Command{
		Use:   "keygen",
		Short: "Make a publisher's key pair",
		Long: `Make a publisher's key pair, ECDSA P-256. The private key is encrypted with a
passphrase, in the format that cosign also reads, and never leaves your machine.
Keep a copy of both files and of the passphrase in a safe place: without them
nobody can publish a further version.`,
		Example: "  sijil keygen --out secretariat\n  # writes secretariat.key (private, mode 0600) and secretariat.pub",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			secret, err := pass.get(env, true)
			if err != nil {
				return err
			}
			if len(secret) < minPassphrase {
				return fmt.Errorf("the passphrase is shorter than %d characters", minPassphrase)
			}
			return keygen(env, out, secret)
		},
	}
	c.Flags().StringVar(&out, "out", "sijil", "write `NAME`.key and NAME.pub")
	pass.add(c)
	return c
}

func keygen(env Env, out string, secret []byte) error {
	s, err := keys.GenerateSigner(cryptoRand)
	if err != nil {
		return err
	}
	file, err := s.Encrypt(secret)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(out + ".pub"); err == nil {
		return withHint(fmt.Errorf("%s.pub exists and is never overwritten", out), "choose another name, or move the old file away")
	}
	// If we die between the two, the private key alone is there: the public key
	// can be had from it, and keygen refuses to overwrite it.
	if err := createFile(out+".key", file, 0o600); err != nil {
		return err
	}
	if err := createFile(out+".pub", s.Public().PEM(), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "private key: %s.key (encrypted; keep it and its passphrase safe)\npublic key:  %s.pub\nfingerprint: %s\n", out, out, s.Public().Digest())
	return nil
}
