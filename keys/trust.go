package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/log"
)

// maxTrust bounds a trust file, in bytes.
const maxTrust = 4 << 20

const rootMediaType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

// Trust is a parsed trust file: the log's key, the witness policy, and the
// publications' genesis digests. Everything else is proved from these.
type Trust struct {
	root         TrustedRoot
	policy       *Policy
	publications map[string]log.Digest
	release      *PublicKey // nil: the operator releases nothing
}

// TrustedRoot is a Sigstore trusted root in this project's profile: logs only.
type TrustedRoot struct {
	MediaType string    `json:"mediaType"`
	Logs      []LogRoot `json:"tlogs"`
}

// LogRoot is one log of a trusted root.
type LogRoot struct {
	BaseURL       string        `json:"baseUrl"`
	HashAlgorithm string        `json:"hashAlgorithm"`
	PublicKey     RootPublicKey `json:"publicKey"`
	LogID         log.LogID     `json:"logId"`
}

// RootPublicKey is a log's key with the time from which it is valid.
type RootPublicKey struct {
	RawBytes   []byte `json:"rawBytes"`
	KeyDetails string `json:"keyDetails"`
	ValidFor   Window `json:"validFor"`
}

// Window starts at an RFC 3339 time in UTC, whole seconds.
type Window struct {
	Start string `json:"start"`
}

type trustFile struct {
	Policy       string                `json:"policy"`
	Publications map[string]log.Digest `json:"publications"`
	ReleaseKey   []byte                `json:"release_key,omitempty"` // SPKI
	TrustedRoot  TrustedRoot           `json:"trusted_root"`
}

// NewTrust makes a trust file for one log at a base address, valid from start.
func NewTrust(base string, start time.Time, policy *Policy) (*Trust, error) {
	if policy == nil {
		return nil, log.ErrNoPolicy
	}
	key := policy.Log()
	id := key.ID()
	t := &Trust{
		root: TrustedRoot{MediaType: rootMediaType, Logs: []LogRoot{{
			BaseURL:       base,
			HashAlgorithm: "SHA2_256",
			PublicKey: RootPublicKey{RawBytes: key.SPKI(), KeyDetails: "PKIX_ED25519",
				ValidFor: Window{Start: start.UTC().Truncate(time.Second).Format(time.RFC3339)}},
			LogID: log.LogID{KeyID: id[:]},
		}}},
		policy:       policy,
		publications: map[string]log.Digest{},
	}
	return t, t.check()
}

// ParseTrust reads a trust file. It accepts one encoding only: what Marshal
// writes.
func ParseTrust(b []byte) (*Trust, error) {
	if len(b) > maxTrust {
		return nil, fmt.Errorf("trust file: over %d bytes", maxTrust)
	}
	var f trustFile
	if err := jcs.Decode(b, &f); err != nil {
		return nil, fmt.Errorf("trust file: %s%w", jcs.Where(err, b), err)
	}
	policy, err := ParsePolicy(f.Policy)
	if err != nil {
		return nil, fmt.Errorf("trust file: %w", err)
	}
	t := &Trust{root: f.TrustedRoot, policy: policy, publications: f.Publications}
	if t.publications == nil {
		return nil, errors.New("trust file: publications: missing")
	}
	if f.ReleaseKey != nil {
		if t.release, err = ParsePublicKey(f.ReleaseKey); err != nil {
			return nil, fmt.Errorf("trust file: release_key: %w", err)
		}
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	again, err := t.Marshal()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, b) {
		return nil, errors.New("trust file: not in the one form that `sijil trust` writes (was it edited by hand?)")
	}
	return t, nil
}

// Marshal returns the file: RFC 8785 order, indented by two spaces for people,
// with a final line feed.
func (t *Trust) Marshal() ([]byte, error) {
	f := trustFile{Policy: t.policy.String(), Publications: t.publications, TrustedRoot: t.root}
	if t.release != nil {
		f.ReleaseKey = t.release.SPKI()
	}
	compact, err := jcs.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("trust file: %w", err)
	}
	var buf bytes.Buffer
	if err := json.Indent(&buf, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("trust file: %w", err)
	}
	buf.WriteByte('\n')
	return buf.Bytes(), nil
}

// TrustedRootJSON returns the Sigstore trusted root alone, for stock clients.
func (t *Trust) TrustedRootJSON() ([]byte, error) { return jcs.Marshal(t.root) }

// Policy returns the witness policy.
func (t *Trust) Policy() *Policy { return t.policy }

// BaseURL is the address of the log's service.
func (t *Trust) BaseURL() string { return t.root.Logs[0].BaseURL }

// Genesis returns the pinned genesis digest of a publication.
func (t *Trust) Genesis(slug string) (log.Digest, bool) {
	d, ok := t.publications[slug]
	return d, ok
}

// Slugs returns the number of pinned publications, and the slug if there is
// exactly one.
func (t *Trust) Slugs() (n int, only string) {
	for s := range t.publications {
		only = s
	}
	if len(t.publications) != 1 {
		only = ""
	}
	return len(t.publications), only
}

// Publications returns a copy of the pins.
func (t *Trust) Publications() map[string]log.Digest {
	out := make(map[string]log.Digest, len(t.publications))
	for s, d := range t.publications {
		out[s] = d
	}
	return out
}

// Pin returns a copy of the trust that also pins a publication. A slug that is
// pinned to another genesis is never pinned again: *PinError.
func (t *Trust) Pin(slug string, genesis log.Digest) (*Trust, error) {
	return t.PinAll(map[string]log.Digest{slug: genesis})
}

// PinAll is Pin for several publications.
func (t *Trust) PinAll(pins map[string]log.Digest) (*Trust, error) {
	out := *t
	out.publications = t.Publications()
	for slug, genesis := range pins {
		if err := CheckSlug(slug); err != nil {
			return nil, err
		}
		if old, ok := t.publications[slug]; ok && old != genesis {
			return nil, &PinError{Slug: slug, Pinned: old, Given: genesis}
		}
		out.publications[slug] = genesis
	}
	return &out, nil
}

// PinError is a slug that is pinned to another genesis than the one given.
type PinError struct {
	Slug          string
	Pinned, Given log.Digest
}

func (e *PinError) Error() string {
	return fmt.Sprintf("publication %q is pinned to %s, not to %s", e.Slug, e.Pinned, e.Given)
}

func (t *Trust) check() error {
	if t.root.MediaType != rootMediaType {
		return fmt.Errorf("trust file: trusted_root: media type %q, want %s", clip(t.root.MediaType), rootMediaType)
	}
	if len(t.root.Logs) != 1 {
		return fmt.Errorf("trust file: trusted_root: %d logs, this edition reads exactly one", len(t.root.Logs))
	}
	if err := t.root.Logs[0].check(t.policy.Log()); err != nil {
		return fmt.Errorf("trust file: trusted_root: %w", err)
	}
	for slug, genesis := range t.publications {
		if err := CheckSlug(slug); err != nil {
			return fmt.Errorf("trust file: publications: %w", err)
		}
		if genesis.IsZero() {
			return fmt.Errorf("trust file: publications: %q has no genesis", slug)
		}
	}
	return nil
}

func (l LogRoot) check(key *LogKey) error {
	origin, err := OriginOf(l.BaseURL)
	if err != nil {
		return err
	}
	id := key.ID()
	switch {
	case origin != key.Origin():
		return fmt.Errorf("base address is of %q, the policy's log is %q", origin, key.Origin())
	case l.HashAlgorithm != "SHA2_256" || l.PublicKey.KeyDetails != "PKIX_ED25519":
		return errors.New("want SHA2_256 and PKIX_ED25519")
	case !bytes.Equal(l.PublicKey.RawBytes, key.SPKI()):
		return errors.New("public key is not that of the policy's log")
	case !bytes.Equal(l.LogID.KeyID, id[:]):
		return errors.New("log ID does not follow from origin and key")
	}
	at, err := time.Parse(time.RFC3339, l.PublicKey.ValidFor.Start)
	if err != nil || at.UTC().Format(time.RFC3339) != l.PublicKey.ValidFor.Start {
		return fmt.Errorf("validFor.start %q: want a time such as 2026-01-31T12:00:00Z", clip(l.PublicKey.ValidFor.Start))
	}
	return nil
}

// WithoutPublications returns a copy that pins the log and no publication.
func (t *Trust) WithoutPublications() *Trust {
	out := *t
	out.publications = map[string]log.Digest{}
	return &out
}

// ReleaseKey is the operator's release key, by which releases are signed; nil where
// none is pinned.
func (t *Trust) ReleaseKey() *PublicKey { return t.release }

// WithReleaseKey returns a copy that pins a release key. One that is pinned is never
// replaced: *ReleaseKeyError.
func (t *Trust) WithReleaseKey(k *PublicKey) (*Trust, error) {
	if t.release != nil && t.release.Digest() != k.Digest() {
		return nil, &ReleaseKeyError{Pinned: t.release.Digest(), Given: k.Digest()}
	}
	out := *t
	out.release = k
	return &out, nil
}

// ReleaseKeyError is a release key other than the one that is pinned.
type ReleaseKeyError struct{ Pinned, Given log.Digest }

func (e *ReleaseKeyError) Error() string {
	return fmt.Sprintf("the release key %s is pinned, not %s", e.Pinned, e.Given)
}

// WithPolicy returns a copy under another witness policy of the same log.
func (t *Trust) WithPolicy(p *Policy) *Trust {
	out := *t
	out.policy = p
	return &out
}

// SigningConfigJSON returns a Sigstore signing config v0.2, by which stock
// clients find the log's write API.
func (t *Trust) SigningConfigJSON() ([]byte, error) {
	type service struct {
		URL             string            `json:"url"`
		MajorAPIVersion int               `json:"majorApiVersion"`
		Operator        string            `json:"operator"`
		ValidFor        map[string]string `json:"validFor"`
	}
	l := t.root.Logs[0]
	return jcs.Marshal(map[string]any{
		"mediaType":       "application/vnd.dev.sigstore.signingconfig.v0.2+json",
		"rekorTlogUrls":   []service{{URL: l.BaseURL, MajorAPIVersion: 2, Operator: t.policy.Origin(), ValidFor: map[string]string{"start": l.PublicKey.ValidFor.Start}}},
		"rekorTlogConfig": map[string]string{"selector": "ANY"},
	})
}
