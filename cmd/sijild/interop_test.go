package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestCosign lets an unmodified cosign, named by SIJIL_COSIGN, check what was
// published. `make interop` builds cosign and runs it.
func TestCosign(t *testing.T) {
	cosign := os.Getenv("SIJIL_COSIGN")
	if cosign == "" {
		t.Skip("SIJIL_COSIGN is not set: run `make interop`")
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "interop"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("PASSPHRASE", "correct horse battery")
			e.Setenv("COSIGN_PASSWORD", "correct horse battery")
			e.Setenv("COSIGN", cosign)
			// Whatever would go to the network fails at once.
			e.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
			e.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
			e.Setenv("NO_PROXY", "127.0.0.1,localhost")
			e.Setenv("HOME", e.WorkDir)
			example, err := filepath.Abs("../../example")
			if err != nil {
				return err
			}
			e.Setenv("EXAMPLE", example)
			return nil
		},
		Cmds: scriptCommands(),
	})
}
