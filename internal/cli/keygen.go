package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/kms"
	"github.com/sijil/sijil/internal/pkcs11"
	"github.com/sijil/sijil/keys"
)

type keygenFlags struct {
	out, key string
	existing bool
	pass     passphraseFlags
}

func newKeygen(env Env) *cobra.Command {
	var f keygenFlags
	c := &cobra.Command{
		Use:   "keygen",
		Short: "Make a publisher's key pair",
		Long: `Make a publisher's key pair, ECDSA P-256. The private key is encrypted with a
passphrase, in the format that cosign also reads, and never leaves your machine.
Keep a copy of both files and of the passphrase in a safe place: without them
nobody can publish a further version.

With --key and a pkcs11: address (RFC 7512) the pair is made in that token, which
never gives the private key away; a token that is lost is lost with its key, so have a
second key in the publication's policy. With --existing nothing is made: the public
file is written of a key that is there, in a token or in a key management service
(awskms:, gcpkms:, azurekms:, hashivault:). The address is then what every command
takes for --key. Not every build holds these: see make hardware.`,
		Example: `  sijil keygen --out secretariat
  # writes secretariat.key (private, mode 0600) and secretariat.pub
  sijil keygen --out secretariat --key 'pkcs11:token=office;object=sijil?module-path=/usr/lib/softhsm/libsofthsm2.so'
  # writes secretariat.pub, and prints the address for --key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.key != "" {
				return keygenElsewhere(cmd.Context(), env, f)
			}
			if f.existing {
				return usage("--existing goes with --key: say which key is there")
			}
			secret, err := f.pass.get(env, true)
			if err != nil {
				return err
			}
			if len(secret) < minPassphrase {
				return fmt.Errorf("the passphrase is shorter than %d characters", minPassphrase)
			}
			return keygen(env, f.out, secret)
		},
	}
	c.Flags().StringVar(&f.out, "out", "sijil", "write `NAME`.key and NAME.pub")
	c.Flags().StringVar(&f.key, "key", "", "make the key in the token that this pkcs11: `ADDRESS` names, and write NAME.pub alone")
	c.Flags().BoolVar(&f.existing, "existing", false, "make no key: write the public file of the one that is at --key")
	f.pass.add(c)
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
	if err := absentPublic(out); err != nil {
		return err
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

func absentPublic(out string) error {
	if _, err := os.Lstat(out + ".pub"); !errors.Is(err, fs.ErrNotExist) {
		return withHint(fmt.Errorf("%s.pub exists and is never overwritten", out), "choose another name, or move the old file away")
	}
	return nil
}

// keygenElsewhere makes a key in a token, or finds one that is there.
func keygenElsewhere(ctx context.Context, env Env, f keygenFlags) error {
	if err := absentPublic(f.out); err != nil {
		return err
	}
	address := f.key
	var signer *keys.Signer
	var err error
	switch uri, bad := pkcs11.ParseURI(f.key); {
	case f.existing && elsewhere(f.key):
		signer, err = f.pass.openElsewhere(ctx, env, f.key)
	case kms.Is(f.key):
		return usage("a key management service makes its keys itself: make one there, ECDSA P-256 for signing, and say --existing")
	case bad != nil:
		return usage("--key: %v", bad)
	default:
		var key pkcs11.Key
		if key, err = pkcs11.Create(uri, pkcs11.P256, f.pass.pin(env)); err != nil {
			return explainToken(err)
		}
		address = key.URI().String()
		signer, err = keys.NewSigner(key)
	}
	if err != nil {
		return err
	}
	// If we die before this, the key is there, and --existing writes its public file.
	if err := createFile(f.out+".pub", signer.Public().PEM(), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "private key: %s\npublic key:  %s.pub\nfingerprint: %s\n", address, f.out, signer.Public().Digest())
	return nil
}
