package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/sijil/sijil/internal/cli"
)

// TestDocumentedCommands: every command line of the programs in the documents, the
// unit and the container files names a command and options that there are.
func TestDocumentedCommands(t *testing.T) {
	roots := map[string]*cobra.Command{"sijild": newRoot(io.Discard, io.Discard), "sijil": cli.Command()}
	found := 0
	for _, name := range []string{"README.md", "docs/operate.md", "docs/threat-model.md", "docs/reliability.md", "deploy/systemd/sijild.service", "deploy/container/Containerfile", "deploy/container/compose.yaml"} {
		b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		check(t, err)
		for _, line := range commandLines(t, name, string(b)) {
			found++
			if why := unknownIn(roots, line); why != "" {
				t.Errorf("%s: %s: %s", name, line, why)
			}
		}
	}
	if found < 90 {
		t.Errorf("%d command lines were found: they are looked for wrongly", found)
	}
	for _, line := range []string{"sijild serve --dat x", "sijil publsh river", "sijild token nw", "sijil trust init --data x"} {
		if unknownIn(roots, line) == "" {
			t.Errorf("%s passes", line)
		}
	}
}

var (
	fenced  = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```")
	inline  = regexp.MustCompile("`([^`\n]+)`")
	command = regexp.MustCompile(`(?m)(?:^|[\s/(=])(sijild? [a-z][^#|;&$)\n]*)`)
	comment = regexp.MustCompile(`(?m)^#.*$`)
	listed  = regexp.MustCompile(`(?m)^CMD \[(.*)\]$`)
)

// commandLines finds what a document has people type, or a machine run.
func commandLines(t *testing.T, name, text string) (lines []string) {
	text = strings.ReplaceAll(text, "\\\n", " ")
	var code []string
	switch filepath.Ext(name) {
	case ".md":
		for _, m := range fenced.FindAllStringSubmatch(text, -1) {
			code = append(code, m[1])
		}
		for _, m := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			code = append(code, m[1])
		}
	case ".yaml":
		var file struct {
			Services map[string]struct {
				Command []string `yaml:"command"`
			} `yaml:"services"`
		}
		check(t, yaml.Unmarshal([]byte(text), &file))
		code = append(code, text, "sijild "+strings.Join(file.Services["sijild"].Command, " "))
	default:
		code = append(code, comment.ReplaceAllString(text, ""))
		for _, m := range listed.FindAllStringSubmatch(text, -1) {
			code = append(code, "sijild "+strings.NewReplacer(`"`, "", ",", "").Replace(m[1]))
		}
	}
	for _, c := range code {
		for _, m := range command.FindAllStringSubmatch(c, -1) {
			lines = append(lines, strings.TrimSpace(m[1]))
		}
	}
	return lines
}

// unknownIn says what there is not in a command line, or nothing.
func unknownIn(roots map[string]*cobra.Command, line string) string {
	words := strings.Fields(line)
	at := roots[words[0]]
	rest := words[1:]
	for len(rest) > 0 && at.HasSubCommands() {
		next, _, err := at.Find(rest[:1])
		if err != nil || next == at {
			break
		}
		at, rest = next, rest[1:]
	}
	takes := strings.Contains(at.Use, " ") // arguments of its own, beside its subcommands
	if at.HasSubCommands() && !takes && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return "there is no command " + rest[0]
	}
	at.InitDefaultHelpFlag()
	for _, w := range rest {
		flag, ok := strings.CutPrefix(w, "--")
		if flag, _, _ = strings.Cut(flag, "="); !ok || flag == "" {
			continue
		}
		if at.Flag(strings.TrimRight(flag, ".,:…")) == nil {
			return "there is no option --" + flag + " of " + at.CommandPath()
		}
	}
	return ""
}
