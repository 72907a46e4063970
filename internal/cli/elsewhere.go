package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sijil/sijil/internal/kms"
	"github.com/sijil/sijil/internal/pkcs11"
	"github.com/sijil/sijil/keys"
)

// keyUsage is what --key says of itself.
const keyUsage = "the private key: a `FILE`, or the address of one in a token (pkcs11:…) or a key management service"

// elsewhere reports whether --key is the address of a key that is not in a file.
func elsewhere(key string) bool { return strings.HasPrefix(key, pkcs11.Scheme) || kms.Is(key) }

// openElsewhere opens a key in a token or a service.
func (p *passphraseFlags) openElsewhere(ctx context.Context, env Env, address string) (*keys.Signer, error) {
	if kms.Is(address) {
		key, err := kms.Open(ctx, address)
		if errors.Is(err, kms.ErrNotBuilt) {
			scheme, _, _ := strings.Cut(address, "://")
			return nil, withHint(err, "build one that has it: make hardware TAGS=%s", scheme)
		}
		if err != nil {
			return nil, err
		}
		return keys.NewSigner(key)
	}
	uri, err := pkcs11.ParseURI(address)
	if err != nil {
		return nil, usage("--key: %v", err)
	}
	key, err := pkcs11.Open(uri, pkcs11.P256, p.pin(env))
	if err != nil {
		return nil, explainToken(err)
	}
	return keys.NewSigner(key)
}

// pin asks for a token's PIN.
func (p *passphraseFlags) pin(env Env) func() ([]byte, error) {
	asked := *p
	asked.what = "PIN of the token"
	return func() ([]byte, error) { return asked.get(env, false) }
}

func explainToken(err error) error {
	switch {
	case errors.Is(err, pkcs11.ErrNotBuilt):
		return withHint(err, "build one that has it: make hardware")
	case errors.Is(err, pkcs11.ErrPIN):
		return withHint(err, "nothing tried it again: tokens lock themselves after a few wrong ones")
	case errors.Is(err, pkcs11.ErrNoKey):
		return withHint(err, "make one with `sijil keygen --key ADDRESS`")
	case errors.Is(err, pkcs11.ErrExists):
		return withHint(fmt.Errorf("%w, and it is never replaced", err), "name another object, or write its public file with --existing")
	}
	return err
}
