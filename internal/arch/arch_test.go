// Package arch holds the rule that arrows between packages point inward. Its
// test reads the imports of every file itself, so that no build cache can serve
// it an old answer, and compares whole import paths.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sijil/sijil"

// pure packages know no network, files, SQL, clock or logging, and import pure
// packages only.
var pure = []string{
	"keys", "log", "log/tile", "internal/jcs", "internal/text", "internal/signatory", "internal/statement",
	"internal/chain", "internal/edition", "internal/endorsement", "internal/invitation", "internal/extract", "internal/match", "internal/match/shingle",
	"internal/badge", "internal/roll",
}

// useCases import pure packages and each other's listed ones, and state what
// else they need as interfaces.
var useCases = map[string][]string{
	"internal/publish":    {},
	"internal/evidence":   {},
	"internal/audit":      {"internal/evidence"},
	"internal/publisher":  {"internal/durable", "internal/evidence", "internal/remote"},
	"internal/rollimport": {"internal/durable", "internal/remote"},
	"internal/draft":      {"internal/durable"},
	"internal/quorum":     {"internal/publish"},
	"internal/mirror":     {"internal/evidence", "internal/flock", "log/client"},
	"internal/monitor":    {"internal/audit", "internal/durable", "internal/evidence", "internal/flock"},
}

// adapters never import each other.
var adapters = []string{
	"internal/api", "internal/clientstate", "internal/dkim", "internal/domain", "internal/fetch", "internal/kms", "internal/ocr",
	"internal/passkey", "internal/pdf", "internal/pkcs11", "internal/remote", "internal/sigstore", "internal/site", "internal/smtp",
	"internal/store", "internal/tilewriter", "internal/tracing", "internal/trillianlog", "internal/trilliansqlite", "internal/vault",
	"internal/webhook", "internal/witness", "log/client",
}

// foreign systems, and the packages that may import them.
var foreign = map[string][]string{
	"github.com/sigstore/sigstore-go":                {"internal/sigstore"},
	"github.com/google/trillian":                     {"internal/trillianlog", "internal/trilliansqlite"},
	"modernc.org/sqlite":                             {"internal/store", "internal/trilliansqlite"},
	"github.com/gorilla/mux":                         {"internal/api", "internal/site"},
	"github.com/spf13/cobra":                         {"internal/cli", "cmd/sijild"},
	"github.com/prometheus":                          {"internal/metrics"},
	"go.yaml.in/yaml":                                {"internal/draft"},
	"github.com/klippa-app/go-pdfium":                {"internal/pdf"},
	"github.com/tetratelabs/wazero":                  {"internal/pdf"},
	"github.com/emersion/go-message":                 {"internal/extract"},
	"github.com/yuin/goldmark":                       {"internal/extract"},
	"golang.org/x/net/html":                          {"internal/extract"},
	"github.com/nicksnyder/go-i18n":                  {"internal/message"},
	"github.com/emersion/go-msgauth":                 {"internal/dkim"},
	"github.com/emersion/go-smtp":                    {"internal/smtp"},
	"filippo.io/age":                                 {"internal/vault"},
	"net/smtp":                                       {"internal/smtp"},
	"code.dny.dev/ssrf":                              {"internal/guard"},
	"rsc.io/qr":                                      {"internal/site"},
	"github.com/go-webauthn":                         {"internal/passkey", "internal/passkey/passkeytest"},
	"golang.org/x/net/publicsuffix":                  {"internal/dkim", "internal/domain"},
	"go.opentelemetry.io":                            {"internal/tracing"},
	"github.com/miekg/pkcs11":                        {"internal/pkcs11"},
	"github.com/sigstore/sigstore/pkg/signature/kms": {"internal/kms"},
	"github.com/jackc/pgx":                           {"internal/store", "internal/postgrestest"},
}

var outside = []string{"net", "net/http", "os", "os/exec", "database/sql", "log", "log/slog", "syscall"}

func TestArrowsPointInward(t *testing.T) {
	imports := readImports(t)
	for _, list := range [][]string{pure, adapters} {
		for _, pkg := range list {
			if _, ok := imports[pkg]; !ok {
				t.Errorf("package %s is in the rules and not in the tree", pkg)
			}
		}
	}
	for pkg, list := range imports {
		for _, imp := range list {
			if why := forbidden(pkg, imp); why != "" {
				t.Errorf("%s imports %s: %s", pkg, imp, why)
			}
		}
	}
}

// TestProgramsWithoutSecondOpinion: neither program links sigstore-go
// (docs/decisions/0012-second-opinion.md).
func TestProgramsWithoutSecondOpinion(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+"/cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	if deps := string(out); strings.Contains(deps, "sigstore-go") || !strings.Contains(deps, module+"/internal/evidence") {
		t.Error("a program links sigstore-go, or the list of packages is not one")
	}
}

// TestPlainProgramsWithoutDevices: without tags neither program links the libraries of
// tokens and clouds (docs/decisions/0021-hardware-keys.md); with them they do.
func TestPlainProgramsWithoutDevices(t *testing.T) {
	want := []string{"github.com/miekg/pkcs11", "github.com/sigstore/sigstore/pkg/signature/kms", "github.com/aws/", "cloud.google.com/", "github.com/Azure/", "github.com/hashicorp/vault/"}
	linked := func(tags string) (found []string) {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tags, module+"/cmd/...")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, lib := range want {
			if strings.Contains(string(out), lib) {
				found = append(found, lib)
			}
		}
		return found
	}
	if found := linked(""); found != nil {
		t.Errorf("plain programs link %v", found)
	}
	if found := linked("pkcs11,awskms,gcpkms,azurekms,hashivault"); len(found) != len(want) {
		t.Errorf("programs with all tags link %v alone", found)
	}
}

// TestRuleCatches proves that the rule can fail.
func TestRuleCatches(t *testing.T) {
	for _, c := range [][2]string{
		{"log", "net/http"}, {"internal/match", "log"}, {"internal/text", module + "/internal/store"},
		{"internal/publish", module + "/internal/store"}, {"internal/store", module + "/internal/tilewriter"},
		{"internal/api", "github.com/sigstore/sigstore-go/pkg/verify"}, {"internal/cli", "github.com/google/trillian/log"},
	} {
		if forbidden(c[0], c[1]) == "" {
			t.Errorf("%s may import %s", c[0], c[1])
		}
	}
	if why := forbidden("internal/chain", module+"/log"); why != "" {
		t.Errorf("our own log is taken for the standard one: %s", why)
	}
}

func forbidden(pkg, imp string) string {
	own, isOwn := strings.CutPrefix(imp, module+"/")
	switch {
	case slices.Contains(pure, pkg) && slices.Contains(outside, imp):
		return "a pure package knows nothing of the outside"
	case slices.Contains(pure, pkg) && isOwn && !slices.Contains(pure, own):
		return "a pure package imports pure packages only"
	case slices.Contains(adapters, pkg) && slices.Contains(adapters, own):
		return "adapters never import each other"
	}
	if allowed, ok := useCases[pkg]; ok && isOwn && !slices.Contains(pure, own) && !slices.Contains(allowed, own) {
		return "a use case states what it needs as an interface"
	}
	for prefix, allowed := range foreign {
		if (imp == prefix || strings.HasPrefix(imp, prefix+"/")) && !slices.Contains(allowed, pkg) {
			return "only " + strings.Join(allowed, ", ") + " may"
		}
	}
	return ""
}

// readImports returns, by package folder, what the files that are not tests
// import.
func readImports(t *testing.T) map[string][]string {
	t.Helper()
	root := filepath.Join("..", "..")
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(rel))
		if pkg == "." || pkg == "internal/logtest" {
			return nil
		}
		if out[pkg] == nil {
			out[pkg] = []string{}
		}
		for _, imp := range f.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			out[pkg] = append(out[pkg], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d packages were read: the rule looks at the wrong place", len(out))
	}
	return out
}
