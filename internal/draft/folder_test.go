package draft

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folder writes a small draft and returns its path.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "draft")
	d := mustDraft(t, plainDoc(strings.Replace(listDoc, "for clean", "for for clean", 1)+"• 1Delta Watch\n• Reed Keepers\n• [email protected]\n• REED KEEPERS\n"), "river")
	if err := d.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// edit replaces old by new, which has to be there, in a file as a person would.
func edit(t *testing.T, dir, name, old, new string) {
	t.Helper()
	path := filepath.Join(dir, name)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("%s has no %q", name, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	const entry = "name: Reed Keepers\n"
	tests := map[string]struct{ file, old, new, want string }{
		"unknown key":        {headerFile, "slug: river\n", "slug: river\nslugs: river\n", "publication.yaml: line 19: field slugs is not known here"},
		"unknown entry key":  {signatoriesFile, entry, entry + "    email: x\n", "signatories.yaml: line 38: field email is not known here"},
		"repeated key":       {signatoriesFile, entry, entry + "    name: x\n", "already defined"},
		"bad YAML":           {headerFile, "slug: river", "slug: [river", "publication.yaml: line"},
		"wrong type":         {headerFile, "slug: river", "slug: [river]", "publication.yaml: line 18: cannot unmarshal"},
		"second document":    {headerFile, "slug: river", "slug: river\n---\nslug: river", "more than one YAML document"},
		"alias":              {signatoriesFile, entry, "name: &a Reed Keepers\n    role: *a\n", "signatories.yaml: line 37: anchors and aliases"},
		"tag":                {signatoriesFile, entry, "name: !!str Reed Keepers\n", "signatories.yaml: line 37: tags"},
		"kind":               {signatoriesFile, "kind: organisation", "kind: group", `signatories.yaml: line 23: entry 1: kind "group"`},
		"same id":            {signatoriesFile, "id: 2\n", "id: 1\n", "signatories.yaml: line 36: id 1"},
		"no id":              {signatoriesFile, "id: 2\n", "id: 0\n", "signatories.yaml: line 36: id 0"},
		"rule":               {signatoriesFile, "rule: glued-number", "rule: glue", `signatories.yaml: line 28: entry 1: flag 1-glued-number: rule "glue" is not known`},
		"resolution":         {signatoriesFile, `resolution: ""`, "resolution: fixed", `resolution "fixed" is none of`},
		"flag without id":    {signatoriesFile, "id: 1-glued-number", `id: ""`, "flag id"},
		"no repair there is": {signatoriesFile, "nothing of it is left: ask the organisation for its name and correct the entry, or remove it'\n        resolution: \"\"", "x'\n        resolution: repaired", "signatories.yaml: line 45: entry 3: flag 3-destroyed-address: destroyed-address has no automatic repair"},
		"text removed":       {headerFile, `resolution: ""`, "resolution: removed", "publication.yaml: line 33: flag en-3-repeated-word: only an entry"},
		"empty header":       {headerFile, "slug: river", "---\n---\nslug: river", "publication.yaml"},
		"text not UTF-8":     {"text.en.txt", "We ask", "We \xff ask", "text.en.txt: line 3: byte 25 is not UTF-8"},
		"text override":      {"text.en.txt", "We ask", "We \u202e ask", "text.en.txt: line 3"},
		"language missing":   {headerFile, "languages:\n  - en", "languages:\n  - fr", `text.en.txt: "en" is not among the languages`},
		"language is a path": {headerFile, "  - en", "  - en\n  - ../x", "languages"},
		"language twice":     {headerFile, "  - en", "  - en\n  - en", "twice"},
	}
	for name, tc := range tests {
		dir := folder(t)
		edit(t, dir, tc.file, tc.old, tc.new)
		if d, err := Open(dir); err == nil || d != nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc.want)
		}
	}
}

// publication.yaml is written last: without it there is no draft.
func TestHalfWrittenFolderIsNoDraft(t *testing.T) {
	for _, name := range []string{headerFile, signatoriesFile, "text.en.txt"} {
		dir := folder(t)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
		d := mustDraft(t, plainDoc(listDoc+"• Reed\n"), "river")
		if err := d.Write(dir); err == nil || !strings.Contains(err.Error(), "already holds a draft") {
			t.Errorf("without %s: Write: %v", name, err)
		}
		if name == headerFile {
			if err := d.Save(dir); err == nil {
				t.Error("Save made a draft of a folder that holds none")
			}
		}
	}
}

// Whichever of Save's files a crash left old, the folder opens, and the repaired
// text does not raise its flag again.
func TestCrashBetweenTheFilesOfSave(t *testing.T) {
	old, dir := folder(t), folder(t)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, d, Selector{Rule: RepeatedWord}, Repaired)
	mustClose(t, d, Selector{Rule: GluedNumber}, Repaired)
	d = reopen(t, d, dir)
	copyFile := func(name string) {
		b, err := os.ReadFile(filepath.Join(old, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{headerFile, signatoriesFile} { // in reverse order of writing
		copyFile(name)
		got, err := Open(dir)
		if err != nil {
			t.Fatalf("old %s: %v", name, err)
		}
		if got.Texts["en"] != d.Texts["en"] || slices.ContainsFunc(got.OpenFlags(), func(f Flag) bool { return f.Rule == RepeatedWord }) {
			t.Errorf("old %s: text %q, open %v", name, got.Texts["en"], got.OpenFlags())
		}
	}
}

func TestNoTemporaryFilesAreLeft(t *testing.T) {
	dir := folder(t)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	reopen(t, d, dir)
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 {
		t.Errorf("files: %v", all)
	}
}

// A person writes decisions into the files and corrects things by hand.
func TestDecisionsByHand(t *testing.T) {
	dir := folder(t)
	edit(t, dir, "text.en.txt", "for for", "for")                                                                                       // corrected: the flag is answered
	edit(t, dir, signatoriesFile, "- name: Delta Watch\n        resolution: \"\"", "- name: Delta Watch\n        resolution: repaired") // carried out on opening
	edit(t, dir, signatoriesFile, "name: '[email protected]'", "name: Samir Lagoon Trust")                                              // corrected
	edit(t, dir, signatoriesFile, "or remove one'\n        resolution: \"\"", "or remove one'\n        resolution: removed")
	edit(t, dir, signatoriesFile, "removed: []", "  - id: 9\n    name: 2Added By Hand\n    kind: organisation\nremoved: []")
	edit(t, dir, headerFile, `date: "2026-03-05"`, "date: 2026-03-06")
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(d), []string{"Delta Watch", "Reed Keepers", "Samir Lagoon Trust", "2Added By Hand"}; !slices.Equal(got, want) {
		t.Errorf("names = %q, want %q", got, want)
	}
	open := d.OpenFlags()
	if len(open) != 1 || open[0].Rule != GluedNumber || open[0].Entry() != 9 {
		t.Errorf("open: %v", open)
	}
	if d.Header.Date != "2026-03-06" {
		t.Errorf("date = %q", d.Header.Date)
	}
	mustClose(t, d, Selector{Entry: 9}, AsGiven)
	d = reopen(t, d, dir)
	if err := d.Publishable(); err != nil {
		t.Error(err)
	}
	if len(d.Removed) != 1 || d.Removed[0].Name != "REED KEEPERS" {
		t.Errorf("removed = %+v", d.Removed)
	}
}

// What an editor on another system does to a text file is no change of the text.
func TestTextFileIsBroughtIntoForm(t *testing.T) {
	dir := folder(t)
	want, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	edit(t, dir, "text.en.txt", want.Texts["en"], "\ufeff"+strings.ReplaceAll(strings.TrimSuffix(want.Texts["en"], "\n"), "\n", " \r\n"))
	got, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.Texts["en"] != want.Texts["en"] {
		t.Errorf("text = %q, want %q", got.Texts["en"], want.Texts["en"])
	}
	if got.Digests()["text/en"] != want.Digests()["text/en"] || len(want.Digests()["text/en"]) != 64 {
		t.Errorf("digests = %v, want %v", got.Digests(), want.Digests())
	}
}

// TestPublishableSaysWhere: of a value that may not be published, the file, line and column
// are named, and the character that is wrong.
func TestPublishableSaysWhere(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"name: Reed Keepers", `name: "Réed\u202eKeepers"`, "signatories.yaml: line 37, column 11: entry 2: name: character 5, U+202E, is not allowed"},
		{"name: Reed Keepers", "name: Reed Keepers\n    country: Tunisia", "signatories.yaml: line 38, column 14: entry 2: country "},
	} {
		dir := folder(t)
		edit(t, dir, signatoriesFile, c.old, c.new)
		d, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Publishable(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}
