package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/browsertest"
)

const lighthouseTries = 3 // the machine may be busy with something else

// TestLighthouse: Lighthouse has nothing to say against the pages that people land on.
func TestLighthouse(t *testing.T) {
	if os.Getenv("SIJIL_LIGHTHOUSE") == "" {
		t.Skip("Lighthouse takes a minute: run `make lighthouse`")
	}
	program := filepath.Join("..", "..", "web", "lighthouse", "node_modules", "lighthouse", "cli", "index.js")
	if _, err := os.Stat(program); err != nil {
		t.Fatal("Lighthouse is not there: make web/lighthouse/node_modules (npm, Node.js)")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("no Node.js on this machine: apt-get install nodejs")
	}
	chromium := browsertest.Program(t)
	c, _, _ := rivers(t)
	for _, path := range []string{"/en/", "/en/p/river", "/en/p/river/history"} {
		var found []string
		for range lighthouseTries {
			if found = lighthouse(t, node, program, chromium, c.url+path); len(found) == 0 {
				break
			}
		}
		for _, f := range found {
			t.Errorf("%s: %s", path, f)
		}
	}
}

// lighthouse looks at a page once, and returns what is less than it should be.
func lighthouse(t *testing.T, node, program, chromium, address string) (found []string) {
	t.Helper()
	least := map[string]float64{"performance": 0.98, "accessibility": 1, "best-practices": 1, "seo": 1}
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), node, program, address, "--quiet", "--output=json", "--output-path=stdout", "--no-enable-error-reporting",
		"--only-categories=performance,accessibility,best-practices,seo",
		"--chrome-flags=--headless=new --no-sandbox --disable-background-networking --disable-component-update --no-proxy-server")
	// It keeps its settings, and whether it may report errors, at home.
	cmd.Env = append(os.Environ(), "CHROME_PATH="+chromium, "HOME="+home, "XDG_CONFIG_HOME="+home, "NO_UPDATE_NOTIFIER=1")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return []string{fmt.Sprintf("%v: %s", err, complaints.String())}
	}
	var report struct {
		Categories map[string]struct {
			Score     *float64
			AuditRefs []struct {
				ID     string
				Weight float64
			}
		}
		Audits map[string]struct {
			Score        *float64
			DisplayValue string
		}
		RuntimeError *struct{ Message string }
	}
	check(t, json.Unmarshal(out, &report))
	if report.RuntimeError != nil {
		return []string{report.RuntimeError.Message}
	}
	scores := ""
	for name, least := range least {
		category, ok := report.Categories[name]
		if !ok || category.Score == nil {
			found = append(found, name+": no score")
			continue
		}
		scores += fmt.Sprintf(" %s %.0f", name, 100**category.Score)
		if *category.Score >= least {
			continue
		}
		why := ""
		for _, ref := range category.AuditRefs {
			if a := report.Audits[ref.ID]; ref.Weight > 0 && a.Score != nil && *a.Score < 1 {
				why += fmt.Sprintf(" %s (%.2f) %s;", ref.ID, *a.Score, a.DisplayValue)
			}
		}
		found = append(found, fmt.Sprintf("%s %.0f:%s", name, 100**category.Score, why))
	}
	t.Logf("%s:%s", address, scores)
	return found
}
