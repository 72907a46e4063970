package statement_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// The public keys whose private keys are the numbers 2 and 3.
const (
	secondKey = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfPJ7GI0DT36KUjgDBLUaw8CJaeJ38hs1pgtI/EdmmXgHd1UQ247QQCk9msafdDDbun2t5jzpgimeBLedInhz0Q=="
	thirdKey  = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXsvk0aYzCkTI9++VHUvxZebGtyHvramF+0FmG8bn/WyHNGQMSZj/fjdLBs4aZKLs2CqwNjhPuD2aebEnon1QMg=="
)

// policyChange asks two of three keys to sign from here on.
func policyChange(t testing.TB) *statement.PolicyChange {
	t.Helper()
	p := &statement.PolicyChange{
		Issued: "2031-07-08T09:10:11Z", Log: statement.LogName{KeyID: digest(7), Origin: "log.example"}, Previous: digest(2), Publication: digest(1),
		Reason: "Two of three sign from now on.", Sequence: 2, Policy: statement.Policy{RecoveryKeys: [][]byte{}, Threshold: 2},
	}
	for _, s := range []string{baseKey, secondKey, thirdKey} {
		key, err := base64.StdEncoding.DecodeString(s)
		check(t, err)
		p.Policy.Keys = append(p.Policy.Keys, key)
	}
	return p
}

// TestPolicyChangeSubject: a stock client is asked about the new policy's bytes.
func TestPolicyChangeSubject(t *testing.T) {
	p := policyChange(t)
	doc, err := jcs.Marshal(p.Policy)
	check(t, err)
	if statement.Artifact(p) != log.Sum(doc) {
		t.Error("the artifact is not the policy")
	}
	if diff := cmp.Diff(statement.Header{Log: p.Log, Publication: digest(1), Sequence: 2, Previous: digest(2)}, p.Header()); diff != "" {
		t.Error(diff)
	}
}

func TestPolicyRules(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *statement.PolicyChange)
		says   string
	}{
		"no log":            {func(p *statement.PolicyChange) { p.Log.Origin = "" }, "log: want"},
		"no publication":    {func(p *statement.PolicyChange) { p.Publication = log.Digest{} }, "publication and previous"},
		"no previous":       {func(p *statement.PolicyChange) { p.Previous = log.Digest{} }, "publication and previous"},
		"sequence 0":        {func(p *statement.PolicyChange) { p.Sequence = 0 }, "sequence 0"},
		"issued":            {func(p *statement.PolicyChange) { p.Issued = "2031-06-07" }, "issued"},
		"no reason":         {func(p *statement.PolicyChange) { p.Reason = "" }, "reason: empty: say what changed"},
		"reordering reason": {func(p *statement.PolicyChange) { p.Reason = "a\u202eb" }, "reason: character U+202E"},
		"no keys":           {func(p *statement.PolicyChange) { p.Policy.Keys = nil }, "policy: want 1 to 32 keys"},
		"too many keys":     {func(p *statement.PolicyChange) { p.Policy.Keys = make([][]byte, 33) }, "policy: want 1 to 32 keys"},
		"a key twice":       {func(p *statement.PolicyChange) { p.Policy.Keys[2] = p.Policy.Keys[0] }, "policy: key 3 is listed twice"},
		"no key":            {func(p *statement.PolicyChange) { p.Policy.Keys[1] = []byte("key") }, "policy: key 2: public key is not a DER"},
		"threshold 0":       {func(p *statement.PolicyChange) { p.Policy.Threshold = 0 }, "policy: threshold 0"},
		"threshold -1":      {func(p *statement.PolicyChange) { p.Policy.Threshold = -1 }, "policy: threshold -1"},
		"more than keys":    {func(p *statement.PolicyChange) { p.Policy.Threshold = 4 }, "policy: threshold 4: want 1 to the number of keys, 3"},
		"recovery keys":     {func(p *statement.PolicyChange) { p.Policy.RecoveryKeys = p.Policy.Keys }, "policy: recoveryDays"},
	} {
		p := policyChange(t)
		c.change(p)
		if b, err := statement.Encode(p); b != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), statement.TypePolicy+": ") {
			t.Errorf("%s: Encode = %s, %v, want …%s…", name, b, err, c.says)
		}
	}
}
