package draft

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

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
