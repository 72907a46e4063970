package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/pkcs11"
	"github.com/sijil/sijil/keys"
)

// A log key's file holds the private key (C2SP signed-note), or, of a key in a token,
// two lines: the verifier key, and the token's address.

func (o initOptions) inToken() bool { return strings.HasPrefix(o.logKey, pkcs11.Scheme) }

func (o initOptions) keyAdvice() string {
	if o.inToken() {
		return "says where in the token the key is; copy both apart from the backups"
	}
	return "keep a copy of it apart from the backups"
}

// makeLogKey makes the log's key, and returns what its file is to hold. If we die
// afterwards, a key in a token stays there, and nobody uses it.
func (o initOptions) makeLogKey(origin string) (file []byte, key *keys.LogKey, err error) {
	if !o.inToken() {
		skey, key, err := keys.GenerateLogKey(rand.Reader, origin)
		return []byte(skey + "\n"), key, err
	}
	uri, err := pkcs11.ParseURI(o.logKey)
	if err != nil {
		return nil, nil, err
	}
	private, err := pkcs11.Create(uri, pkcs11.Ed25519, nil)
	if err != nil {
		return nil, nil, err
	}
	if _, key, err = keys.NewLogSigner(origin, private); err != nil {
		return nil, nil, err
	}
	return []byte(key.String() + "\n" + private.URI().String() + "\n"), key, nil
}

// loadLogKey opens the log key for signing: the file at path, or the data folder's.
func loadLogKey(data, path string) (note.Signer, *keys.LogKey, error) {
	text, err := readLogKeyFile(data, path)
	if err != nil {
		return nil, nil, err
	}
	key, uri, err := tokenLogKey(text)
	if err != nil {
		return nil, nil, err
	}
	if uri == nil {
		return keys.LoadLogSigner(text)
	}
	private, err := pkcs11.Open(uri, pkcs11.Ed25519, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("log key: %w", err)
	}
	signer, found, err := keys.NewLogSigner(key.Origin(), private)
	if err != nil {
		return nil, nil, err
	}
	if found.ID() != key.ID() {
		return nil, nil, fmt.Errorf("log key: the token's key is %s, this log's is %s", found.ID(), key.ID())
	}
	return signer, key, nil
}

// readLogKey reads the verifier key alone: no token is asked.
func readLogKey(data, path string) (*keys.LogKey, error) {
	text, err := readLogKeyFile(data, path)
	if err != nil {
		return nil, err
	}
	key, uri, err := tokenLogKey(text)
	if err == nil && uri == nil {
		_, key, err = keys.LoadLogSigner(text)
	}
	return key, err
}

// tokenLogKey reads the file of a key in a token; the address is nil if it is not one.
func tokenLogKey(text string) (*keys.LogKey, *pkcs11.URI, error) {
	first, second, _ := strings.Cut(text, "\n")
	second, ok := strings.CutSuffix(second, "\n")
	if !ok || !strings.HasPrefix(second, pkcs11.Scheme) {
		return nil, nil, nil
	}
	key, err := keys.ParseLogKey(first)
	if err != nil {
		return nil, nil, fmt.Errorf("log key file: line 1: %w", err)
	}
	uri, err := pkcs11.ParseURI(second)
	if err != nil {
		return nil, nil, fmt.Errorf("log key file: line 2: %w", err)
	}
	return key, uri, nil
}

func readLogKeyFile(data, path string) (string, error) {
	if path == "" {
		path = filepath.Join(data, logKeyFile)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s %w: there is no log key %s", data, errNoData, path)
	}
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s can be read by others (mode %v): chmod 600 it", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	return string(b), err
}
