package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/dkim"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/vault"
)

// maxIdentity bounds a file of age private keys, in bytes.
const maxIdentity = 64 << 10

// mails opens the vault, and returns what verifies a mail in it; nil without a vault.
func (f auditFlags) mails() (func(context.Context, *statement.Observation) error, error) {
	if f.vault == "" {
		return nil, nil
	}
	b, err := readFile(f.identity, maxIdentity)
	if err != nil {
		return nil, err
	}
	identities, err := vault.ParseIdentities(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.identity, err)
	}
	return func(_ context.Context, o *statement.Observation) error {
		file, err := os.Open(filepath.Join(f.vault, o.Seen.Document.Hex()+".age"))
		if errors.Is(err, fs.ErrNotExist) {
			return audit.ErrNoMail
		}
		if err != nil {
			return err
		}
		defer file.Close()
		raw, err := vault.Decrypt(file, identities...)
		if err != nil {
			return err
		}
		return sameMail(raw, o)
	}, nil
}

// sameMail holds a raw mail against what the service says it saw.
func sameMail(raw []byte, o *statement.Observation) error {
	at, err := time.Parse(time.RFC3339, o.Issued)
	if err != nil {
		return err
	}
	m, err := dkim.Again(raw, o.Seen.KeyRecord, at)
	if err != nil {
		return err
	}
	digest := o.Version.Record.Hex()[:16]
	switch {
	case m.Digest() != o.Seen.Document:
		return errors.New("it is another mail")
	case m.SigningDomain() != o.Seen.Signer || m.Selector() != o.Seen.Selector || m.Weak() != o.Seen.Weak:
		return errors.New("it was signed by another domain or key")
	case m.FromDomain() != o.Domain && !strings.HasSuffix(m.FromDomain(), "."+o.Domain) && o.Domain != "www."+m.FromDomain():
		return errors.New("it comes from another domain")
	case !strings.HasSuffix(m.Line(), fmt.Sprintf(" %d %s", o.Version.Number, digest)) || !strings.HasSuffix(m.Subject(), m.Line()):
		return errors.New("it speaks of another version")
	}
	return nil
}
