package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/sijil/sijil/internal/cli"
)

// TestMan writes a manual page for every command of both programs into the folder
// that SIJIL_MAN names, dated SOURCE_DATE_EPOCH, which make man sets; else into one
// that is thrown away. It is a test so that no program links what writes them.
func TestMan(t *testing.T) {
	dir := os.Getenv("SIJIL_MAN")
	if dir == "" {
		dir = t.TempDir()
	}
	date := time.Unix(0, 0).UTC()
	if text := os.Getenv("SOURCE_DATE_EPOCH"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		check(t, err)
		date = time.Unix(n, 0).UTC()
	}
	check(t, os.MkdirAll(dir, 0o755))
	for _, root := range []*cobra.Command{newRoot(io.Discard, io.Discard), cli.Command()} {
		root.DisableAutoGenTag = true
		check(t, doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "Sijil", Manual: "Sijil", Date: &date}, dir))
	}
	for _, name := range []string{"sijild.1", "sijild-backup.1", "sijild-restore.1", "sijil.1", "sijil-verify.1", "sijil-trust-init.1"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() < 300 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
