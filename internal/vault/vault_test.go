package vault

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/sijil/sijil/log"
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func open(t *testing.T, recipients ...age.Recipient) (*Vault, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mails")
	v, err := Open(dir, recipients, 30*day)
	if err != nil {
		t.Fatal(err)
	}
	return v, dir
}

func put(t *testing.T, v *Vault, raw string, at time.Time) log.Digest {
	t.Helper()
	d := log.Sum([]byte(raw))
	if err := v.Put(t.Context(), d, []byte(raw), at); err != nil {
		t.Fatal(err)
	}
	return d
}

// Either recipient reads a mail, nobody else does, and nothing of it is in the folder.
func TestPut(t *testing.T) {
	one, two, stranger := identity(t), identity(t), identity(t)
	v, dir := open(t, one.Recipient(), two.Recipient())
	// Words that no other bytes hold by chance, of every length that is looked for.
	raw := strings.Repeat("From: amal@example.org\r\nSubject: endorse casablanca 3\r\n\r\nWe endorse.\r\n", 100)
	d := put(t, v, raw, start)
	path := filepath.Join(dir, d.Hex()+".age")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) / 100 { // the repeated part
		if bytes.Contains(file, []byte(raw[i:i+6])) {
			t.Fatalf("the file holds %q of the mail", raw[i:i+6])
		}
	}
	for _, i := range []age.Identity{one, two} {
		got, err := Decrypt(bytes.NewReader(file), i)
		if err != nil || string(got) != raw {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := Decrypt(bytes.NewReader(file), stranger); err == nil {
		t.Error("a stranger reads it")
	}
	for i := 0; i < len(file); i += 7 {
		bad := bytes.Clone(file)
		bad[i] ^= 1
		if got, err := Decrypt(bytes.NewReader(bad), one); err == nil && string(got) != raw {
			t.Fatalf("byte %d: an altered file reads as another mail", i)
		}
	}
	if _, err := Decrypt(bytes.NewReader(file[:len(file)-1]), one); err == nil {
		t.Error("a cut file reads")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || !info.ModTime().Equal(start) {
		t.Errorf("%v, %v", info, err)
	}
	if info, err = os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	put(t, v, raw, start.Add(day)) // again
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if info, err = os.Stat(path); err != nil || !info.ModTime().Equal(start.Add(day)) {
		t.Errorf("%v, %v", info, err)
	}
}

func TestPutRefused(t *testing.T) {
	v, dir := open(t, identity(t).Recipient())
	large := make([]byte, 1<<20+1)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"another digest": v.Put(t.Context(), log.Sum(nil), []byte("a"), start),
		"large":          v.Put(t.Context(), log.Sum(large), large, start),
		"cancelled":      v.Put(gone, log.Sum(nil), nil, start),
	} {
		if err == nil {
			t.Errorf("%s is kept", name)
		}
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := v.Put(t.Context(), log.Sum(nil), nil, start); err == nil {
		t.Error("kept in a folder that is gone")
	}
	if _, err := v.Expire(start); err == nil {
		t.Error("expired in a folder that is gone")
	}
}

func TestExpire(t *testing.T) {
	v, dir := open(t, identity(t).Recipient())
	put(t, v, "old", start)
	young := put(t, v, "young", start.Add(day))
	other := filepath.Join(dir, "notes.age")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(other, start, start); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		now  time.Time
		want int
	}{{start.Add(30*day - time.Second), 0}, {start.Add(30 * day), 1}, {start.Add(30 * day), 0}} {
		if n, err := v.Expire(c.now); err != nil || n != c.want {
			t.Errorf("%v: %d, %v, want %d", c.now, n, err, c.want)
		}
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("a file that is not the vault's: %v", err)
	}
	for range 2 {
		if err := v.Delete(young); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(v.path(young)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestOpen(t *testing.T) {
	r := identity(t).Recipient()
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	pass, err := age.NewScryptRecipient("secret")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (*Vault, error){
		"no recipients":    func() (*Vault, error) { return Open(dir, nil, day) },
		"a nil recipient":  func() (*Vault, error) { return Open(dir, []age.Recipient{r, nil}, day) },
		"a passphrase":     func() (*Vault, error) { return Open(dir, []age.Recipient{pass}, day) },
		"mixed recipients": func() (*Vault, error) { return Open(dir, []age.Recipient{r, hybrid.Recipient()}, day) },
		"no retention":     func() (*Vault, error) { return Open(dir, []age.Recipient{r}, 0) },
		"a file":           func() (*Vault, error) { return Open(file, []age.Recipient{r}, day) },
		"no parent":        func() (*Vault, error) { return Open(filepath.Join(dir, "a", "b"), []age.Recipient{r}, day) },
	} {
		if v, err := open(); err == nil || v != nil {
			t.Errorf("%s: opened", name)
		}
	}
	// What a crash left goes, what is there stays.
	v, err := Open(dir, []age.Recipient{hybrid.Recipient()}, day)
	if err != nil {
		t.Fatal(err)
	}
	d := put(t, v, "a", start)
	left := filepath.Join(dir, ".new-1")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err = Open(dir, []age.Recipient{r}, day); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	f, err := os.Open(v.path(d))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if got, err := Decrypt(f, hybrid); err != nil || string(got) != "a" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestParseRecipients(t *testing.T) {
	i, j := identity(t), identity(t)
	list, err := ParseRecipients("# auditors\n\n" + i.Recipient().String() + "\r\n" + j.Recipient().String())
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	for text, want := range map[string]string{
		"": "none", "# a\n": "none", "age1x\n": "line 1", i.Recipient().String() + "\nssh-ed25519 AAAA": "line 2",
		i.Recipient().String() + "\n\n" + i.Recipient().String(): "line 3: it stands twice", "\n" + i.String(): "line 2: it is an identity",
	} {
		_, err := ParseRecipients(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), i.String()) || strings.Contains(err.Error(), "age1x") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if ids, err := ParseIdentities("# mine\n" + i.String() + "\n"); err != nil || len(ids) != 1 {
		t.Errorf("%v, %v", ids, err)
	}
	if _, err := ParseIdentities(i.String()[:70]); err == nil || strings.Contains(err.Error(), i.String()[20:40]) {
		t.Errorf("%v", err)
	}
}
