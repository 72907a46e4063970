// Package pkcs11test makes tokens of SoftHSM, a token in software, for tests.
package pkcs11test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// PIN is that of every token.
const PIN = "480216"

// modules is where SoftHSM's module is, on Debian and elsewhere.
var modules = []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so"}

// Token is a token in a folder of its own.
type Token struct {
	Config string // the file that SOFTHSM2_CONF has to name
	Module string // path of the module
}

// New makes a token with a label. Where SoftHSM is not installed the test is skipped,
// and fails if SIJIL_SOFTHSM is set.
func New(t testing.TB, label string) Token {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("SIJIL_SOFTHSM") != "" {
		skip = t.Fatalf
	}
	util, err := exec.LookPath("softhsm2-util")
	if err != nil {
		skip("no SoftHSM (Debian: softhsm2): %v", err)
	}
	token := Token{Config: filepath.Join(t.TempDir(), "softhsm2.conf")}
	for _, m := range modules {
		if _, err := os.Stat(m); err == nil {
			token.Module = m
			break
		}
	}
	if token.Module == "" {
		skip("SoftHSM's module is in none of %v", modules)
	}
	store := filepath.Join(filepath.Dir(token.Config), "tokens")
	if err := os.Mkdir(store, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(token.Config, []byte("directories.tokendir = "+store+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), util, "--module", token.Module, "--init-token", "--free", "--label", label, "--so-pin", "9"+PIN, "--pin", PIN)
	cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+token.Config)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return token
}
