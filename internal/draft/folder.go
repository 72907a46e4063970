package draft

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sijil/sijil/internal/durable"
)

// Write makes a folder of the draft. It refuses one that holds a file of a draft
// already: nobody's edits are overwritten.
func (d *Draft) Write(dir string) error {
	if held, err := draftFiles(dir); err != nil {
		return fmt.Errorf("write draft: %w", err)
	} else if len(held) > 0 {
		return fmt.Errorf("write draft: %s already holds a draft (%s): choose another folder", dir, strings.Join(held, ", "))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write draft: %w", err)
	}
	if err := d.write(dir); err != nil {
		return fmt.Errorf("write draft: %w", err)
	}
	return nil
}

// Save replaces the files of a folder that holds a draft.
func (d *Draft) Save(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, headerFile)); err != nil {
		return fmt.Errorf("save draft: %w", err)
	}
	if err := d.write(dir); err != nil {
		return fmt.Errorf("save draft: %w", err)
	}
	return nil
}

// write puts publication.yaml in place last. A crash before that in a new folder
// leaves no draft that Open accepts. In an old folder each file is either the
// old or the new one, and any mixture is a draft: a flag whose repair is in the
// text already counts as repaired when it is opened.
func (d *Draft) write(dir string) error {
	for _, lang := range d.Header.Languages {
		if err := durable.Replace(filepath.Join(dir, textFile(lang)), []byte(d.Texts[lang]), 0o644); err != nil {
			return err
		}
	}
	b, err := encodeYAML(signatoriesComment, list{Entries: d.Entries, Removed: d.Removed})
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(dir, signatoriesFile), b, 0o644); err != nil {
		return err
	}
	if b, err = encodeYAML(headerComment, d.Header); err != nil {
		return err
	}
	return durable.Replace(filepath.Join(dir, headerFile), b, 0o644)
}

// draftFiles lists the files in dir whose names are those of a draft.
func draftFiles(dir string) ([]string, error) {
	all, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range all {
		if n := e.Name(); n == headerFile || n == signatoriesFile || textLanguage(n) != "" {
			out = append(out, n)
		}
	}
	return out, nil
}

// textLanguage returns the language of a text file's name, "" for other files.
func textLanguage(name string) string {
	lang := strings.TrimSuffix(strings.TrimPrefix(name, "text."), ".txt")
	if textFile(lang) != name {
		return ""
	}
	return lang
}
