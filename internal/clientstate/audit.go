package clientstate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sijil/sijil/log"
)

// maxAudit bounds an audit state, in bytes: a hundred million entries.
const maxAudit = 2 << 30

// AuditPath is where the state of an audit of a source is kept.
func (d *Dir) AuditPath(source string) string {
	return filepath.Join(d.path, "audit-"+log.Sum([]byte(source)).Hex()[:16])
}

// LoadAudit reads the state of the last audit of a source; nil if there is none.
func (d *Dir) LoadAudit(source string) ([]byte, error) {
	path := d.AuditPath(source)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("client state: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxAudit {
		return nil, fmt.Errorf("client state: %s is no file, or over %d bytes", path, maxAudit)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("client state: %w", err)
	}
	return b, nil
}

// SaveAudit replaces the state of the last audit of a source.
func (d *Dir) SaveAudit(source string, b []byte) error { return write(d.AuditPath(source), b) }

// DropAudit forgets where the last audit of a source ended.
func (d *Dir) DropAudit(source string) error {
	if err := os.Remove(d.AuditPath(source)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("client state: %w", err)
	}
	return nil
}
