//go:build !unix

package tilewriter

import (
	"errors"
	"os"
)

// The service runs on Unix; elsewhere tests and tools still build.

func lockFile(*os.File) error { return nil }

func freeBytes(string) (uint64, error) {
	return 0, errors.ErrUnsupported
}
