//go:build !unix

package tilewriter

import "errors"

// The service runs on Unix; elsewhere tests and tools still build.
func freeBytes(string) (uint64, error) {
	return 0, errors.ErrUnsupported
}
