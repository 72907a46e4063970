//go:build pkcs11

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sijil/sijil/internal/pkcs11/pkcs11test"
)

// TestHardware: a log, its publisher and a signatory whose keys are in a token.
func TestHardware(t *testing.T) {
	token := pkcs11test.New(t, "office")
	testscript.Run(t, storiesIn(t, "hardware", map[string]string{"SOFTHSM2_CONF": token.Config, "MODULE": token.Module, "PIN": pkcs11test.PIN, "WRONG": "0000"}))
}
