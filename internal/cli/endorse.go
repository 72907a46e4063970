package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

type endorseFlags struct {
	sourceFlags
	entry, language, key, invitation, reason, bundle string
	version                                          int
	withdraw, deny, yes                              bool
	pass                                             passphraseFlags
}

func newEndorse(env Env) *cobra.Command {
	var f endorseFlags
	c := &cobra.Command{
		Use:   "endorse SLUG|URL",
		Short: "Sign, as a signatory, that you endorse a version, withdraw, or never agreed",
		Long: `Verify a publication, show the text and your place in the list, and sign that you
endorse it, with a key that sijil keygen made; with --withdraw, that you no longer stand
by it; with --deny, that you never agreed to be listed.

The first time, the invitation that the publisher sent you lets your key in. It counts
once your own domain names it: the command prints the line to put there, and
sijil confirm has the service look.

With --bundle, hand in what another Sigstore client signed with your key: cosign
attest-blob, over the statement that the service gives of your entry. --key is then the
public key, and nothing is signed here.

What you endorse is this version. When another one follows, its publisher cannot carry
your endorsement over, except where the text that you read is the same to the byte.`,
		Example: `  sijil endorse river --entry "Delta Watch" --language en --key ours.key --invitation AbC…
  sijil confirm river --entry "Delta Watch" --key ours.pub
  sijil endorse river --bundle endorsement.bundle --key cosign.pub --invitation AbC…
  sijil endorse river --entry "Delta Watch" --withdraw --reason "A demand was dropped." --key ours.key`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runEndorse(cmd, env, args[0], f) },
	}
	f.addPlace(c)
	c.Flags().StringVar(&f.bundle, "bundle", "", "hand in the bundle in `FILE`, which another Sigstore client wrote")
	c.MarkFlagsOneRequired("entry", "bundle")
	c.Flags().StringVar(&f.language, "language", "", "the `LANGUAGE` of the text that you read (default: the only one)")
	c.Flags().StringVar(&f.key, "key", "sijil.key", "the private key `FILE`")
	c.Flags().StringVar(&f.invitation, "invitation", "", "the invitation: its `TEXT`, or the link that holds it")
	c.Flags().BoolVar(&f.withdraw, "withdraw", false, "say that you no longer stand by it")
	c.Flags().BoolVar(&f.deny, "deny", false, "say that you never agreed to be listed")
	c.MarkFlagsMutuallyExclusive("withdraw", "deny")
	c.Flags().StringVar(&f.reason, "reason", "", "with --withdraw or --deny: why, as a line of `TEXT` that everybody will read")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask: for scripts")
	f.pass.add(c)
	for _, said := range []string{"language", "withdraw", "deny", "reason", "version"} {
		c.MarkFlagsMutuallyExclusive("bundle", said) // a bundle says so itself
	}
	return c
}

// addEntry adds the flags that name a list entry.
func (f *endorseFlags) addEntry(c *cobra.Command) {
	f.addPlace(c)
	c.MarkFlagRequired("entry")
}

// addPlace is addEntry for a command that can find the entry otherwise.
func (f *endorseFlags) addPlace(c *cobra.Command) {
	c.Flags().StringVar(&f.server, "server", "", "the service's `URL` (default: the trust file's)")
	c.Flags().StringVar(&f.trust, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().StringVar(&f.entry, "entry", "", "the list entry: its `NAME`, or its number")
	c.Flags().IntVar(&f.version, "version", 0, "version `N` (default: the latest)")
}

// kind is the claim that the flags ask for.
func (f endorseFlags) kind() string {
	switch {
	case f.withdraw:
		return statement.ClaimWithdrawal
	case f.deny:
		return statement.ClaimDenial
	}
	return statement.ClaimEndorsement
}

// place opens the publication and finds version and entry.
func (f endorseFlags) place(cmd *cobra.Command, env Env, name string) (pub *opened, r evidence.Record, e signatory.Entry, base string, err error) {
	slug, server, err := publicationName(name)
	if err != nil {
		return nil, r, e, "", err
	}
	if f.server == "" {
		f.server = server
	}
	if pub, err = f.open(cmd.Context(), env, slug); err != nil {
		return nil, r, e, "", err
	}
	if r, err = chosenVersion(pub.Publication, f.version); err != nil {
		return nil, r, e, "", err
	}
	if e, err = chosenEntry(r, f.entry); err != nil {
		return nil, r, e, "", err
	}
	trust, err := env.loadTrust(f.trust)
	if err != nil {
		return nil, r, e, "", err
	}
	if base = f.server; base == "" {
		base = trust.BaseURL()
	}
	return pub, r, e, base, nil
}

func runEndorse(cmd *cobra.Command, env Env, name string, f endorseFlags) error {
	if f.bundle != "" {
		return f.handIn(cmd, env, name)
	}
	pub, r, e, base, err := f.place(cmd, env, name)
	if err != nil {
		return err
	}
	if e.Withheld {
		return errors.New("the name of this entry is withheld: nothing can be said about it any more")
	}
	claim, err := f.claim(env, pub, r, e)
	if err != nil {
		return err
	}
	if c, ok := claim.(*statement.Endorsement); ok {
		if err := changed(env, pub, r, e, c.Text.Language); err != nil {
			return err
		}
	}
	if err := f.confirm(env, r, e, claim); err != nil {
		return err
	}
	signer, err := f.pass.openKey(env, f.key)
	if err != nil {
		return err
	}
	payload, err := statement.EncodeClaim(claim)
	if err != nil {
		return err
	}
	b, err := signer.Sign(cryptoRand, payload)
	if err != nil {
		return err
	}
	data, err := b.Marshal()
	if err != nil {
		return err
	}
	return f.send(cmd, env, sending{pub, r, e, base, claim, data, b.Envelope.Digest(), signer.Public()})
}

// handIn sends a bundle that another Sigstore client wrote, after verifying all of it
// here: a service's refusal would be harder to understand.
func (f endorseFlags) handIn(cmd *cobra.Command, env Env, name string) error {
	data, err := readFile(f.bundle, log.MaxBundle)
	if err != nil {
		return err
	}
	list, err := readPublicKeys([]string{f.key})
	if err != nil {
		return err
	}
	key := list[0]
	b, err := log.ImportBundle(data)
	if err != nil {
		return fmt.Errorf("%s: %w", f.bundle, err)
	}
	claim, err := statement.ParseClaim(b.Envelope.Payload)
	if err != nil {
		return fmt.Errorf("%s: %w", f.bundle, err)
	}
	named := f.entry
	f.entry, f.version = claim.Of().Entry, claim.Of().Version.Number
	pub, r, e, base, err := f.place(cmd, env, name)
	if err != nil {
		return err
	}
	if _, err := endorsement.VerifyClaim(b, key, pub.Chain()); err != nil {
		return fmt.Errorf("%s: %w", f.bundle, err)
	}
	if named != "" {
		want, err := chosenEntry(r, named)
		if err != nil {
			return err
		}
		if want.Commitment != e.Commitment {
			return fmt.Errorf("%s: it is about %s, and not about %s", f.bundle, quote(e.Signatory.Name), quote(want.Signatory.Name))
		}
		f.entry = named
	}
	own, err := b.Marshal() // in our encoding; the entry of the log is found again
	if err != nil {
		return err
	}
	return f.send(cmd, env, sending{pub, r, e, base, claim, own, b.Envelope.Digest(), key})
}

// sending is a signed claim with what it is about.
type sending struct {
	pub    *opened
	record evidence.Record
	entry  signatory.Entry
	base   string
	claim  statement.Claim
	bundle []byte
	digest log.Digest
	key    *keys.PublicKey
}

// send hands a claim to the service, and verifies the answer.
func (f endorseFlags) send(cmd *cobra.Command, env Env, s sending) error {
	receipt, err := remote.New(s.base, env.HTTP).Claim(cmd.Context(), s.pub.Slug(), s.bundle, s.key.SPKI(), invitationOf(f.invitation))
	if err != nil {
		return explainClaim(err)
	}
	trust, err := env.loadTrust(f.trust)
	if err != nil {
		return err
	}
	if err := inLog(receipt.Bundle, s.key, trust, s.digest); err != nil {
		return fmt.Errorf("the service accepted it, and its answer does not verify: %w", err)
	}
	fmt.Fprintf(env.Stdout, "signed: %s of %s version %d by %s\nrecord:  %s\nentry:   %d of the log %s\n", s.claim.Kind(), s.pub.Slug(), s.record.Edition.Statement().Version, quote(s.entry.Signatory.Name), receipt.Record, receipt.Index, trust.Policy().Origin())
	f.next(env, s.pub, s.entry, s.key)
	return nil
}

func (f endorseFlags) claim(env Env, pub *opened, r evidence.Record, e signatory.Entry) (statement.Claim, error) {
	v := r.Edition.Statement()
	about := statement.About{Entry: e.Commitment, Issued: env.Clock().UTC().Truncate(time.Second).Format(time.RFC3339), Log: v.Log, Publication: pub.Genesis(),
		Version: statement.VersionName{Number: v.Version, Record: r.Digest()}}
	var read statement.ReadText
	if f.kind() == statement.ClaimEndorsement {
		texts := v.Texts()
		if f.language == "" && len(texts) > 1 {
			return nil, usage("say with --language which text you read: %s", strings.Join(languages(texts), ", "))
		}
		for _, t := range texts {
			if f.language == "" || t.Language == f.language {
				read = statement.ReadText{Language: t.Language, SHA256: t.File}
			}
		}
		if read.Language == "" {
			return nil, usage("version %d has no text %q; it has %s", v.Version, f.language, strings.Join(languages(texts), ", "))
		}
	}
	return statement.NewClaim(f.kind(), about, read, f.reason)
}

func languages(texts []statement.Text) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = t.Language
	}
	return out
}

// confirm shows what would be signed, and asks.
func (f endorseFlags) confirm(env Env, r evidence.Record, e signatory.Entry, claim statement.Claim) error {
	if f.yes {
		return nil
	}
	file, ok := env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return usage("there is no terminal to ask whether you agree: read the text, then give --yes")
	}
	if c, ok := claim.(*statement.Endorsement); ok {
		text, _ := r.Edition.Text(c.Text.Language)
		fmt.Fprintf(env.Stderr, "%s\n", plain(string(text)))
	}
	fmt.Fprintf(env.Stderr, "-- %s of version %d, in the name of %s.\nType yes to sign: ", claim.Kind(), claim.Of().Version.Number, quote(e.Signatory.Name))
	answer, err := bufio.NewReader(file).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was signed")
	}
	return nil
}

// changed shows, to whoever endorses a later version, what differs in the text from the
// version that the entry endorsed before; else from the one before.
func changed(env Env, pub *opened, r evidence.Record, e signatory.Entry, language string) error {
	version := r.Edition.Statement().Version
	if version == 1 {
		return nil
	}
	before, words := version-1, ""
	for n := version - 1; n > 0; n-- {
		if slices.ContainsFunc(pub.Book().Version(n), func(s endorsement.Standing) bool { return s.Entry == e.Commitment && len(s.Ways) > 0 }) {
			before, words = n, ", which was endorsed in the name of "+quote(e.Signatory.Name)
			break
		}
	}
	old, err := chosenVersion(pub.Publication, before)
	if err != nil {
		return err
	}
	c, err := match.Compare(old.Edition.ForMatch(), r.Edition.ForMatch())
	if err != nil {
		return err
	}
	c.Texts = slices.DeleteFunc(c.Texts, func(t match.TextComparison) bool { return t.Language != language })
	m := env.marks()
	m.w, m.colour = env.Stderr, false
	fmt.Fprintf(m.w, "what changed since version %d%s:\n", before, words)
	m.comparison(c, true)
	fmt.Fprintln(m.w)
	return nil
}

// next says how the key is confirmed, unless it is.
func (f endorseFlags) next(env Env, pub *opened, e signatory.Entry, key *keys.PublicKey) {
	if have, _, ok := pub.Book().Key(e.Commitment); ok && have == key.Digest() {
		return
	}
	if e.Signatory.Domain == "" {
		fmt.Fprintln(env.Stderr, "the list gives no domain for this entry, so the key cannot be confirmed: ask the publisher to add it in the next version")
		return
	}
	fmt.Fprintf(env.Stderr, "the key counts once your domain names it: put this line into https://%s/.well-known/sijil.txt, or into a TXT record of _sijil.%s\n\n  sijil-key/v1 publication=%s entry=%s key=%s\n\nthen: sijil confirm %s --entry %s\n",
		e.Signatory.Domain, e.Signatory.Domain, pub.Genesis(), e.Commitment, key.Digest(), pub.Slug(), f.entry)
}

// inLog verifies a receipt's bundle: the key's signature over the record, in the log.
func inLog(bundle []byte, key *keys.PublicKey, trust *keys.Trust, record log.Digest) error {
	b, err := log.ParseBundle(bundle)
	if err != nil {
		return err
	}
	policy := trust.Policy()
	l, err := b.Verify(key.ECDSA(), policy.Log().ID(), policy.LogOnly())
	if err != nil {
		return err
	}
	if l.Digest() != record {
		return errors.New("it is over another record")
	}
	return nil
}

// invitationOf takes an invitation out of the link that holds it.
func invitationOf(s string) string {
	if i := strings.LastIndex(s, "/"); i >= 0 {
		s = s[i+1:]
	}
	return strings.TrimSpace(s)
}

func explainClaim(err error) error {
	var problem *remote.Problem
	if errors.As(err, &problem) && problem.Type == "urn:sijil:problem:invitation" {
		return withHint(err, "the publisher makes invitations with `sijil invite`; each lets one statement in")
	}
	return err
}
