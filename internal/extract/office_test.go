package extract

import (
	"testing"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

func TestDOCX(t *testing.T) { checkRules(t, extracttest.DOCXRules()) }

func TestODT(t *testing.T) { checkRules(t, extracttest.ODTRules()) }
