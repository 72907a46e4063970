package draft

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
		if err := replace(dir, textFile(lang), []byte(d.Texts[lang])); err != nil {
			return err
		}
	}
	b, err := encodeYAML(signatoriesComment, list{Entries: d.Entries, Removed: d.Removed})
	if err != nil {
		return err
	}
	if err := replace(dir, signatoriesFile, b); err != nil {
		return err
	}
	if b, err = encodeYAML(headerComment, d.Header); err != nil {
		return err
	}
	return replace(dir, headerFile, b)
}

// replace writes a file beside the old one, makes it durable, and renames it.
func replace(dir, name string, b []byte) (err error) {
	f, err := os.CreateTemp(dir, "."+name+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(b); err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
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
