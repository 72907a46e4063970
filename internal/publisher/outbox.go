package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"

	"github.com/sijil/sijil/internal/durable"
)

// Names in the outbox.
const (
	genesisName = "genesis.json"
	versionName = "version.json"
	retractName = "retraction.json"
	policyName  = "policy.json"
	redactName  = "redaction.json"
	cosignName  = "cosignature.json"
	recoverName = "recovery.json"
	// coveredName is the first checkpoint with witness quorum that was seen to cover an
	// announced recovery.
	coveredName = "recovery-checkpoint"
)

// parcel is a signed record with what has to be sent with it: a retraction comes
// alone.
type parcel struct {
	Bundle      json.RawMessage        `json:"bundle"`
	Texts       map[string]string      `json:"texts"`
	Disclosures []signatory.Disclosure `json:"disclosures"`
}

// sign signs the statement and puts it into the outbox under name. If we die
// after that, the next run sends it before it looks for anything new.
func (p *Publisher) sign(name string, s statement.Statement, texts map[string][]byte, d []signatory.Disclosure) error {
	payload, err := statement.Encode(s)
	if err != nil {
		return err
	}
	return p.signPayload(name, payload, texts, d)
}

func (p *Publisher) signPayload(name string, payload []byte, texts map[string][]byte, d []signatory.Disclosure) error {
	b, err := p.Signer.Sign(p.Rand, payload)
	if err != nil {
		return err
	}
	data, err := b.Marshal()
	if err != nil {
		return err
	}
	out := parcel{Bundle: data, Texts: map[string]string{}, Disclosures: d}
	for lang, file := range texts {
		out.Texts[lang] = string(file)
	}
	doc, err := jcs.Marshal(out)
	if err != nil {
		return err
	}
	return p.Outbox.Put(name, doc)
}

// resend sends what stands in the outbox under name, and returns its record
// digest with the answer, or zero when there is nothing. What the service has
// refused for good is taken out.
func (p *Publisher) resend(ctx context.Context, slug, name string) (log.Digest, *remote.Receipt, error) {
	doc, err := p.Outbox.Get(name)
	if err != nil || doc == nil {
		return log.Digest{}, nil, err
	}
	var out parcel
	if err := jcs.Unmarshal(doc, &out); err != nil {
		return log.Digest{}, nil, fmt.Errorf("outbox: %s: %w", name, err)
	}
	b, err := log.ParseBundle(out.Bundle)
	if err != nil {
		return log.Digest{}, nil, fmt.Errorf("outbox: %s: %w", name, err)
	}
	texts := map[string][]byte{}
	for lang, s := range out.Texts {
		texts[lang] = []byte(s)
	}
	receipt, err := p.Server.Submit(ctx, slug, out.Bundle, texts, out.Disclosures)
	if err != nil {
		if refused(err) {
			err = errors.Join(err, p.Outbox.Drop(name))
		}
		return log.Digest{}, nil, err
	}
	return b.Envelope.Digest(), receipt, nil
}

// refused reports whether the service will never take the record: it said so,
// and not that it is busy. Without that word the record may be in the log.
func refused(err error) bool {
	var problem *remote.Problem
	return errors.As(err, &problem) && problem.Status >= 400 && problem.Status < 500 && problem.Status != 408 && problem.Status != 429
}

// FolderOutbox keeps signed records as files of mode 0600 in a folder.
type FolderOutbox string

// Get implements Outbox.
func (f FolderOutbox) Get(name string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(string(f), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return b, nil
}

// Put implements Outbox.
func (f FolderOutbox) Put(name string, b []byte) error {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if err := durable.Replace(filepath.Join(string(f), name), b, 0o600); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

// Drop implements Outbox.
func (f FolderOutbox) Drop(name string) error {
	if err := os.Remove(filepath.Join(string(f), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("outbox: %w", err)
	}
	os.Remove(string(f)) // if it is empty now
	return nil
}
