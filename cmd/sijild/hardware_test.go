//go:build pkcs11

package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sijil/sijil/internal/pkcs11/pkcs11test"
)

// TestHardware: a log, its publisher and a signatory whose keys are in a token.
func TestHardware(t *testing.T) {
	token := pkcs11test.New(t, "office")
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "hardware"),
		Setup: func(e *testscript.Env) error {
			example, err := filepath.Abs("../../example")
			if err != nil {
				return err
			}
			for k, v := range map[string]string{
				"SOFTHSM2_CONF": token.Config, "MODULE": token.Module, "PIN": pkcs11test.PIN, "WRONG": "0000", "EXAMPLE": example, "PASSPHRASE": "correct horse battery",
				"XDG_STATE_HOME": filepath.Join(e.WorkDir, "state"), "XDG_CONFIG_HOME": filepath.Join(e.WorkDir, "config"),
			} {
				e.Setenv(k, v)
			}
			return nil
		},
		Cmds: scriptCommands(),
	})
}
