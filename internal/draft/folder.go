package draft

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	lang, ok := strings.CutPrefix(name, "text.")
	if lang, ok = strings.CutSuffix(lang, ".txt"); ok && textFile(lang) == name {
		return lang
	}
	return ""
}

// Open reads a folder, carries out the decisions that people wrote into it, and
// looks for oddities again. It writes nothing. An error names the file, the line
// and the rule.
func Open(dir string) (*Draft, error) {
	d := &Draft{Texts: map[string]string{}}
	if err := d.read(dir); err != nil {
		return nil, fmt.Errorf("open draft: %w", err)
	}
	if err := d.carryOut(); err != nil {
		return nil, fmt.Errorf("open draft: %w", err)
	}
	d.examine()
	return d, nil
}

func (d *Draft) read(dir string) error {
	b, err := readFile(dir, headerFile, maxYAML)
	if err == nil {
		d.Header, err = parseHeader(b)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", headerFile, err)
	}
	var l list
	if b, err = readFile(dir, signatoriesFile, maxYAML); err == nil {
		l, err = parseList(b)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", signatoriesFile, err)
	}
	d.Entries, d.Removed = l.Entries, l.Removed
	held, err := draftFiles(dir)
	if err != nil {
		return err
	}
	for _, name := range held {
		if lang := textLanguage(name); lang != "" && !slices.Contains(d.Header.Languages, lang) {
			return fmt.Errorf("%s: %q is not among the languages of %s", name, lang, headerFile)
		}
	}
	for _, lang := range d.Header.Languages {
		if _, twice := d.Texts[lang]; twice || strings.ContainsAny(lang, `/\`) || lang == "" {
			return fmt.Errorf("%s: languages: %q stands twice or is no language", headerFile, lang)
		}
		if b, err = readFile(dir, textFile(lang), MaxBytes); err == nil {
			d.Texts[lang], err = normalText(b)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", textFile(lang), err)
		}
	}
	return nil
}

func readFile(dir, name string, limit int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only: nothing can be lost
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, fmt.Errorf("over %d bytes", limit)
	}
	return b, err
}

// normalText brings a text file that people edited back into its form: LF, NFC,
// no spaces at line ends, one blank line at most, one final newline. Nothing of
// that is text.
func normalText(b []byte) (string, error) {
	lines, _, err := readLines(b)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	gap := false
	for _, l := range lines {
		if l.blank() {
			gap = out.Len() > 0
			continue
		}
		if gap {
			out.WriteByte('\n')
			gap = false
		}
		out.WriteString(trim(l.text) + "\n")
	}
	return out.String(), nil
}

// carryOut does what a person wrote behind a resolution and the folder does not
// show yet.
func (d *Draft) carryOut() error {
	_, count := d.textFindings()
	kept := map[textKey]int{}
	for _, f := range d.Header.Flags {
		if f.Resolution != Repaired {
			kept[f.key()]++
		}
		if f.Resolution == Removed {
			return fmt.Errorf("%s: line %d: flag %s: only an entry of the list can be removed", headerFile, f.yamlLine, f.ID)
		}
	}
	for _, f := range d.Header.Flags {
		if f.Resolution != Repaired || count[f.key()] <= kept[f.key()] {
			continue
		}
		if err := d.repairText(f); err != nil {
			return fmt.Errorf("%s: line %d: flag %s: %w", headerFile, f.yamlLine, f.ID, err)
		}
		count[f.key()]--
	}
	return d.carryOutEntries()
}

func (d *Draft) carryOutEntries() error {
	pairs := duplicates(d.Entries)
	var repair []Flag
	var remove []int
	for i, e := range d.Entries {
		found := append(examineEntry(e), pairs[i]...)
		for _, f := range e.Flags {
			switch {
			case f.Resolution == Repaired && e.Name == f.Excerpt && covers(found, f):
				repair = append(repair, f)
			case f.Resolution == Removed && (f.With == 0 || d.index(f.With) >= 0):
				remove = append(remove, e.ID)
			}
		}
	}
	for _, id := range remove {
		d.remove(id)
	}
	for _, f := range repair {
		if d.index(f.entry) < 0 {
			continue
		}
		if err := d.repairEntry(f); err != nil {
			return fmt.Errorf("%s: line %d: entry %d: flag %s: %w", signatoriesFile, f.yamlLine, f.entry, f.ID, err)
		}
	}
	return nil
}
