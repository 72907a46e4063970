package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sijil/sijil/internal/remote"
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

// TestCosignEndorses: an organisation that has nothing but an unmodified cosign endorses
// a version, and everybody else checks that with nothing but cosign.
func TestCosignEndorses(t *testing.T) {
	program := os.Getenv("SIJIL_COSIGN")
	if program == "" {
		t.Skip("SIJIL_COSIGN is not set: run `make interop`")
	}
	c := newCampaign(t)
	work := t.TempDir()
	cosign := func(dir string, ok bool, args ...string) string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=correct horse", "HOME="+c.home, "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "NO_PROXY=127.0.0.1,localhost")
		out, err := cmd.CombinedOutput()
		if (err == nil) != ok {
			t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	write := func(name string, b []byte) { t.Helper(); check(t, os.WriteFile(filepath.Join(work, name), b, 0o600)) }
	get := func(path string) []byte {
		t.Helper()
		res, err := http.Get(c.s.url + path)
		check(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		check(t, err)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", path, res.StatusCode, b)
		}
		return b
	}
	file := func(name string) string { return filepath.Join(work, name) }
	at := func(args ...string) []string { return append(args, "--server", c.s.url, "--trust", c.trust) }
	handIn := func(want int, bundle, key string, more ...string) string {
		t.Helper()
		return c.run(want, append(at("endorse", "river", "--bundle", file(bundle), "--key", file(key)), more...)...)
	}

	write("config.json", get("/signing_config.json"))
	write("root.json", get("/trusted_root.json"))
	write("text.en.txt", []byte(c.text["en"]))
	cosign(work, true, "generate-key-pair", "--output-key-prefix", "delta")
	cosign(work, true, "generate-key-pair", "--output-key-prefix", "other")
	for _, name := range []string{"delta", "other"} {
		_, err := listDoorKey(t.Context(), c.s.data, file(name+".pub"), name, true)
		check(t, err)
	}

	// Delta Watch signs the exact statement that the service gives.
	entry := c.standings("1")["Delta Watch"].Entry
	write("statement.json", get("/api/v1/publications/river/versions/1/claims/endorsement.json?"+url.Values{"entry": {entry}, "language": {"en"}}.Encode()))
	signed := func(ok bool, key, bundle string, what ...string) string {
		t.Helper()
		return cosign(work, ok, append(what, "--yes", "--key", key+".key", "--signing-config", "config.json", "--trusted-root", "root.json", "--bundle", bundle)...)
	}
	signed(true, "delta", "endorsement.bundle", "attest-blob", "--statement", "statement.json")

	// It needs an invitation, its own key, and its own entry.
	c.sign(0, "office", "invite", "river", "--entry", "Delta Watch", "--out", c.file("one.csv"))
	b, err := os.ReadFile(c.file("one.csv"))
	check(t, err)
	link := regexp.MustCompile(`http://[^ \r\n]+`).FindString(string(b))
	if said := handIn(1, "endorsement.bundle", "delta.pub"); !strings.Contains(said, "an invitation is needed") {
		t.Error(said)
	}
	if said := handIn(1, "endorsement.bundle", "other.pub", "--invitation", link); !strings.Contains(said, "not signed by a key that may sign it") {
		t.Error(said)
	}
	if said := handIn(1, "endorsement.bundle", "delta.pub", "--invitation", link, "--entry", "River School"); !strings.Contains(said, "and not about") {
		t.Error(said)
	}
	said := handIn(0, "endorsement.bundle", "delta.pub", "--invitation", link)
	c.want("1", "listed listed listed listed listed")
	c.web.put("delta-watch.example", lineOf(t, said, "key")+"\n")
	c.run(0, at("confirm", "river", "--entry", "Delta Watch")...)
	c.want("1", "signed listed listed listed listed")

	// Signed once more, it stands in the log twice, and the first one counts: that is
	// nothing to find for an audit.
	signed(true, "delta", "again.bundle", "attest-blob", "--statement", "statement.json")
	handIn(0, "again.bundle", "delta.pub")
	if got := c.run(0, "audit", c.s.url, "--trust", c.trust); !strings.Contains(got, "clean") {
		t.Error(got)
	}

	// Whoever has the exported folder checks it with cosign alone, as its README says.
	c.run(0, at("export", "--publication", "river", "--out", c.file("evidence"))...)
	readme, err := os.ReadFile(c.file("evidence/README.txt"))
	check(t, err)
	commands := regexp.MustCompile(`cosign (verify-blob-attestation (?:.*\\\n)+.*)\n`).FindAllStringSubmatch(string(readme), -1)
	endorsements := 0
	for _, m := range commands {
		args := strings.Fields(strings.ReplaceAll(m[1], "\\\n", " "))
		if said := cosign(c.file("evidence"), true, args...); !strings.Contains(said, "Verified OK") {
			t.Error(said)
		}
		if !strings.Contains(m[1], "urn:sijil:endorsement:v1") {
			continue
		}
		endorsements++
		changed := strings.Replace(c.text["en"], "river", "River", 1)
		check(t, os.WriteFile(c.file("evidence/changed.txt"), []byte(changed), 0o600))
		args[len(args)-1] = "changed.txt"
		if said := cosign(c.file("evidence"), false, args...); strings.Contains(said, "Verified OK") {
			t.Error(said)
		}
	}
	if len(commands) != 3 || endorsements != 1 || !strings.Contains(string(readme), `# endorsement of version 1 by "Delta Watch"`) {
		t.Errorf("%d commands, %d endorsements in\n%s", len(commands), endorsements, readme)
	}

	// A bare signature over the text says nothing, to the tool and to the service; and of
	// the enrolled key, of which everything has to be readable, the log takes none.
	if said := signed(false, "delta", "refused.bundle", "sign-blob", "text.en.txt"); !strings.Contains(said, "sign other things with another key") {
		t.Error(said)
	}
	signed(true, "other", "bare.bundle", "sign-blob", "text.en.txt")
	if said := handIn(1, "bare.bundle", "other.pub"); !strings.Contains(said, "bare signature over a file") || !strings.Contains(said, "attest-blob") {
		t.Error(said)
	}
	bare, err := os.ReadFile(file("bare.bundle"))
	check(t, err)
	pub, err := readPublicKey(file("other.pub"))
	check(t, err)
	if _, err := remote.New(c.s.url, http.DefaultClient).Claim(t.Context(), "river", bare, pub.SPKI(), ""); err == nil || !strings.Contains(err.Error(), "bare signature over a file") {
		t.Errorf("the service says %v", err)
	}
	c.want("1", "signed listed listed listed listed")

	// What the enrolled key signs counts at once, with nothing to hand in.
	write("withdrawal.json", get("/api/v1/publications/river/versions/1/claims/withdrawal.json?"+url.Values{"entry": {entry}, "reason": {"A demand was dropped."}}.Encode()))
	signed(true, "delta", "withdrawal.bundle", "attest-blob", "--statement", "withdrawal.json")
	c.want("1", "withdrawn listed listed listed listed")
	if got := c.run(0, "audit", c.s.url, "--trust", c.trust); !strings.Contains(got, "clean") {
		t.Error(got)
	}
}
