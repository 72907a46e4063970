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
)

// Names in the outbox.
const (
	genesisName = "genesis.json"
	versionName = "version.json"
)

// parcel is a signed version with what has to be sent with it.
type parcel struct {
	Bundle      json.RawMessage        `json:"bundle"`
	Texts       map[string]string      `json:"texts"`
	Disclosures []signatory.Disclosure `json:"disclosures"`
}

// sign signs the statement and puts it into the outbox. If we die after that,
// the next run sends it before it looks for anything new.
func (p *Publisher) sign(in Input, v *statement.Version, d []signatory.Disclosure) error {
	payload, err := statement.Encode(v)
	if err != nil {
		return err
	}
	b, err := p.Signer.Sign(p.Rand, payload)
	if err != nil {
		return err
	}
	data, err := b.Marshal()
	if err != nil {
		return err
	}
	out := parcel{Bundle: data, Texts: map[string]string{}, Disclosures: d}
	for lang, file := range in.Texts {
		out.Texts[lang] = string(file)
	}
	doc, err := jcs.Marshal(out)
	if err != nil {
		return err
	}
	return p.Outbox.Put(versionName, doc)
}

// resend sends what stands in the outbox, if anything, and takes it out when
// the service has it, or has refused it for good.
func (p *Publisher) resend(ctx context.Context, slug string) (bool, error) {
	doc, err := p.Outbox.Get(versionName)
	if err != nil || doc == nil {
		return false, err
	}
	var out parcel
	if err := jcs.Unmarshal(doc, &out); err != nil {
		return false, fmt.Errorf("outbox: %s: %w", versionName, err)
	}
	texts := map[string][]byte{}
	for lang, s := range out.Texts {
		texts[lang] = []byte(s)
	}
	_, err = p.Server.Submit(ctx, slug, out.Bundle, texts, out.Disclosures)
	var problem *remote.Problem
	if err == nil || errors.As(err, &problem) && problem.Status >= 400 && problem.Status < 500 && problem.Status != 429 {
		err = errors.Join(err, p.Outbox.Drop(versionName))
	}
	return err == nil, err
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
	file, err := os.CreateTemp(string(f), ".new-*")
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	_, err = file.Write(b)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(string(f), name))
	}
	if err != nil {
		os.Remove(file.Name())
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
