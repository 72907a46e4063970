//go:build pkcs11

package pkcs11

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxPIN bounds a PIN's file, in bytes.
const maxPIN = 4096

// pin returns the URI's PIN, or asks for one.
func (u *URI) pin(ask func() ([]byte, error)) ([]byte, error) {
	if u.PIN != "" {
		return readPIN(u.PIN)
	}
	if ask == nil {
		return nil, errors.New("the token wants a PIN: put it into a file of mode 0600, and end the address with &pin-source=file:/path")
	}
	return ask()
}

func readPIN(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %v): chmod 600 it", name, info.Mode().Perm())
	}
	b, err := io.ReadAll(io.LimitReader(f, maxPIN))
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 {
		return nil, fmt.Errorf("%s: the first line is empty", name)
	}
	return line, nil
}
