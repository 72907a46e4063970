// Package vault keeps mails as evidence, encrypted with age (age-encryption.org/v1) to
// recipients whose identities are not on this machine. What was put in cannot be read
// here: an auditor who holds an identity uses Decrypt, or the program age, elsewhere.
//
// The folder holds one file for each mail, named by the SHA-256 of the mail and ".age",
// readable by the service alone (0600). Its time of modification is when the mail was put
// in, by which it expires. The name lets anybody who holds a mail find whether it is there,
// and the length of the file tells about that of the mail; nothing else does.
//
// Deleting takes the file out of the folder. What a disk, a snapshot or a backup keeps of
// it is the operator's to see to.
package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/sijil/sijil/internal/durable"
	"github.com/sijil/sijil/log"
)

const (
	maxMail       = 1 << 20
	maxEncrypted  = 2 << 20
	maxRecipients = 20
	suffix        = ".age"
)

// Vault is an open folder. Safe for concurrent use; one process at a time uses a folder.
type Vault struct {
	dir        string
	recipients []age.Recipient
	retention  time.Duration
}

// Open opens a folder, and makes it if its parent is there. It refuses to without
// recipients, with such as age does not mix, and with passphrases, which would be here.
// A mail is kept for retention, more than 0.
//
// It removes what a crash left: files named .new-…, which hold encrypted bytes at most.
func Open(dir string, recipients []age.Recipient, retention time.Duration) (*Vault, error) {
	if len(recipients) == 0 {
		return nil, errors.New("vault: no recipients: mails are kept only for somebody who can read them elsewhere")
	}
	if retention <= 0 {
		return nil, errors.New("vault: how long mails are kept has to be more than 0")
	}
	for _, r := range recipients {
		switch r.(type) {
		case nil:
			return nil, errors.New("vault: a recipient is nil")
		case *age.ScryptRecipient:
			return nil, errors.New("vault: a passphrase is no recipient: whoever encrypts with it can decrypt")
		}
	}
	if _, err := encrypt(nil, recipients); err != nil {
		return nil, fmt.Errorf("vault: nothing can be encrypted to these recipients: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("vault: %w", err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".new-") && e.Type().IsRegular() {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("vault: %w", err)
			}
		}
	}
	return &Vault{dir: dir, recipients: append([]age.Recipient(nil), recipients...), retention: retention}, nil
}

// path is where a mail's file stands.
func (v *Vault) path(d log.Digest) string { return filepath.Join(v.dir, d.Hex()+suffix) }

// Put keeps a mail of at most 1 MiB, whose SHA-256 digest is. When it returns nil, the
// file is there for good. A mail that is there already is encrypted again, and kept from
// the later time on.
//
// The mail is encrypted before anything is written. Dying in Put leaves nothing, or a file
// named .new-…, or the file itself with the time of writing instead of at; after an error
// there may be the file too.
func (v *Vault) Put(ctx context.Context, digest log.Digest, raw []byte, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(raw) > maxMail {
		return errors.New("vault: the mail is larger than 1 MiB")
	}
	if log.Sum(raw) != digest {
		return errors.New("vault: the digest is of something else")
	}
	b, err := encrypt(raw, v.recipients)
	if err != nil {
		return fmt.Errorf("vault: encrypt: %w", err)
	}
	if err := durable.Replace(v.path(digest), b, 0o600); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if err := os.Chtimes(v.path(digest), at, at); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

func encrypt(raw []byte, recipients []age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Delete takes a mail out, for good when it returns nil. One that is not there is no
// error, so that it can be asked again.
func (v *Vault) Delete(digest log.Digest) error {
	if err := os.Remove(v.path(digest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("vault: %w", err)
	}
	return v.sync()
}

// Expire takes out every mail that was put in at least the retention before now, and
// returns how many. On an error it has gone on with the others. A machine's clock that
// jumps ahead makes it take out mails too early.
//
// Dying in it leaves some of them; the next call takes those out.
func (v *Vault) Expire(now time.Time) (n int, err error) {
	list, err := os.ReadDir(v.dir)
	if err != nil {
		return 0, fmt.Errorf("vault: %w", err)
	}
	var errs []error
	for _, e := range list {
		if !isMail(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err == nil && now.Sub(info.ModTime()) < v.retention {
			continue
		}
		if err == nil {
			err = os.Remove(filepath.Join(v.dir, e.Name()))
		}
		switch {
		case err == nil:
			n++
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		}
	}
	if err := errors.Join(append(errs, v.sync())...); err != nil {
		return n, fmt.Errorf("vault: %w", err)
	}
	return n, nil
}

// isMail tells the vault's files from what else somebody put there.
func isMail(name string) bool {
	hex, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return false
	}
	_, err := log.ParseDigest("sha256:" + hex)
	return err == nil
}

// sync makes what was taken out stay out.
func (v *Vault) sync() error {
	d, err := os.Open(v.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ParseRecipients reads a file of recipients: one a line, X25519 ("age1…") or hybrid
// ("age1pq1…"), not both; empty lines and lines that begin with "#" do not count. The
// error names the line and never repeats it, since it may be an identity by mistake.
func ParseRecipients(text string) ([]age.Recipient, error) {
	var out []age.Recipient
	seen := map[string]bool{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if strings.HasPrefix(strings.ToUpper(line), "AGE-SECRET-KEY-") {
			return nil, fmt.Errorf("recipients: line %d: it is an identity, which must not be on this machine: make a new one elsewhere, and put its recipient here", n)
		}
		list, err := age.ParseRecipients(strings.NewReader(line))
		if err != nil || len(list) != 1 {
			return nil, fmt.Errorf("recipients: line %d: not an age recipient", n)
		}
		if seen[line] {
			return nil, fmt.Errorf("recipients: line %d: it stands twice", n)
		}
		seen[line] = true
		if out = append(out, list[0]); len(out) > maxRecipients {
			return nil, fmt.Errorf("recipients: line %d: more than %d", n, maxRecipients)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("recipients: none")
	}
	return out, nil
}

// ParseIdentities reads a file of identities as age-keygen writes it, for Decrypt. The
// error repeats nothing of it.
func ParseIdentities(text string) ([]age.Identity, error) {
	list, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return nil, errors.New("identities: not a file of age identities, one a line")
	}
	return list, nil
}

// Decrypt reads one file of a vault, on the machine of somebody who holds an identity. The
// caller compares the SHA-256 of what it returns with the file's name: anybody can encrypt
// to a recipient.
func Decrypt(r io.Reader, identities ...age.Identity) ([]byte, error) {
	plain, err := age.Decrypt(io.LimitReader(r, maxEncrypted), identities...)
	if err != nil {
		return nil, fmt.Errorf("vault: decrypt: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(plain, maxMail+1))
	if err != nil {
		return nil, fmt.Errorf("vault: decrypt: %w", err)
	}
	if len(b) > maxMail {
		return nil, errors.New("vault: decrypt: it is larger than 1 MiB")
	}
	return b, nil
}
