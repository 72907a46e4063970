//go:build !pkcs11

package pkcs11

// Open returns ErrNotBuilt.
func Open(*URI, Kind, func() ([]byte, error)) (Key, error) { return nil, ErrNotBuilt }

// Create returns ErrNotBuilt.
func Create(*URI, Kind, func() ([]byte, error)) (Key, error) { return nil, ErrNotBuilt }
