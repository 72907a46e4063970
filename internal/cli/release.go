package cli

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// maxReleased bounds a file that is released, in bytes.
const maxReleased = 256 << 20

type releaseFlags struct {
	server, trust, key, name string
	pass                     passphraseFlags
}

func newRelease(env Env) *cobra.Command {
	var f releaseFlags
	c := &cobra.Command{
		Use:   "release FILE...",
		Short: "Sign, as the operator, which files are genuine, and log it",
		Long: `Sign a release with the operator's release key (sijild release-key) and put it into
the log: which files are genuine, by their digests. Files are named without their
folders. The newest release is what sijil verify-page asks for: name all files that
are to be genuine from now on.`,
		Example: `  curl -O https://sijil.example.org/verifier.html
  sijil release --key release.key --name "Portable verifier" verifier.html`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runRelease(cmd, env, args, f) },
	}
	c.Flags().StringVar(&f.server, "server", "", "the service's `URL` (default: the trust file's)")
	c.Flags().StringVar(&f.trust, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().StringVar(&f.key, "key", "release.key", keyUsage)
	c.Flags().StringVar(&f.name, "name", "Portable verifier", "what is released, as a line of `TEXT`")
	f.pass.add(c)
	return c
}

func runRelease(cmd *cobra.Command, env Env, names []string, f releaseFlags) error {
	trust, err := env.loadTrust(f.trust)
	if err != nil {
		return err
	}
	files, err := digestFiles(names)
	if err != nil {
		return &statusError{code: exitUsage, err: err}
	}
	signer, err := f.pass.openKey(cmd.Context(), env, f.key)
	if err != nil {
		return err
	}
	if k := trust.ReleaseKey(); k == nil || k.Digest() != signer.Public().Digest() {
		return withHint(fmt.Errorf("%s is not the release key that the trust file pins", f.key),
			"set it with sijild release-key, and pin it with sijil trust init")
	}
	release := statement.NewRelease(f.name, env.Clock().UTC().Truncate(time.Second).Format(time.RFC3339), statement.NameOf(trust.Policy().Log()), files)
	signed, digest, err := signRelease(release, signer)
	if err != nil {
		return err
	}
	base := f.server
	if base == "" {
		base = trust.BaseURL()
	}
	got, err := remote.New(base, env.HTTP).Release(cmd.Context(), signed)
	if err != nil {
		return err
	}
	// The receipt proves nothing until it is verified: under the log's signature
	// alone, since the witnesses come later.
	b, err := log.ParseBundle(got.Bundle)
	if err != nil {
		return fmt.Errorf("the service's answer: %w", err)
	}
	logged, err := b.Verify(signer.Public().ECDSA(), trust.Policy().Log().ID(), trust.Policy().LogOnly())
	if err != nil {
		return fmt.Errorf("the service's answer: %w", err)
	}
	if logged.Digest() != digest {
		return fmt.Errorf("the service's answer is about the record %s, not %s", logged.Digest(), digest)
	}
	fmt.Fprintf(env.Stdout, "released\nrecord: %s\nentry:  %d of the log %s\n", digest, logged.Index(), trust.Policy().Origin())
	for _, x := range release.Files() {
		fmt.Fprintf(env.Stdout, "file:   %s  %s\n", x.SHA256, x.Name)
	}
	return nil
}

func signRelease(r *statement.Release, signer *keys.Signer) ([]byte, log.Digest, error) {
	payload, err := statement.EncodeRelease(r)
	if err != nil {
		return nil, log.Digest{}, &statusError{code: exitUsage, err: err}
	}
	b, err := signer.Sign(rand.Reader, payload)
	if err != nil {
		return nil, log.Digest{}, err
	}
	data, err := b.Marshal()
	return data, b.Envelope.Digest(), err
}

func digestFiles(names []string) ([]statement.File, error) {
	out := make([]statement.File, len(names))
	for i, name := range names {
		b, err := readFile(name, maxReleased)
		if err != nil {
			return nil, err
		}
		out[i] = statement.File{Name: filepath.Base(name), SHA256: log.Sum(b)}
	}
	return out, nil
}
