package cli

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/draft"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log/client"
)

var cryptoRand = rand.Reader

type publishFlags struct {
	server, trust, key, token, tokenFile string
	pass                                 passphraseFlags
	wait                                 time.Duration
	cosigners, recoveryKeys              []string
	recoveryDays                         int
	threshold                            int
	anew, keepOrder                      bool
}

func newPublish(env Env) *cobra.Command {
	var f publishFlags
	c := &cobra.Command{
		Use:   "publish DIR",
		Short: "Sign a reviewed draft and publish it as the next version",
		Long: `Sign a reviewed draft folder and publish it as the next version. The chain as it
stands is verified first, and the answer afterwards. For a new publication the
operator of the service gives you a token (sijild token new). If anything
interrupts it, run the same command again: nothing is published twice.`,
		Example: `  sijil publish river --key secretariat.key --token-file token.txt   # the first version
  sijil publish river --key secretariat.key                          # later ones
  sijil publish river --key secretariat.key --token-file token.txt \
      --cosigner second.pub --cosigner third.pub --threshold 2       # two of three sign, from the start`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runPublish(cmd, env, args[0], f) },
	}
	c.Flags().StringVar(&f.token, "token", "", "the `TOKEN` for a new publication; other users of this machine can see it: prefer --token-file")
	c.Flags().StringVar(&f.tokenFile, "token-file", "", "read the token from `FILE`")
	c.MarkFlagsMutuallyExclusive("token", "token-file")
	c.Flags().DurationVar(&f.wait, "wait", 30*time.Second, "how long to wait for the witnesses, where readers ask for them")
	c.Flags().StringArrayVar(&f.cosigners, "cosigner", nil, "for a new publication: the public key in `FILE` may sign too; can be given again")
	c.Flags().StringArrayVar(&f.recoveryKeys, "recovery-key", nil, "for a new publication: the public key in `FILE` can replace lost keys, after a delay in public; can be given again")
	c.Flags().IntVar(&f.recoveryDays, "recovery-days", 30, "for a new publication with recovery keys: that delay")
	c.Flags().IntVar(&f.threshold, "threshold", 1, "for a new publication: how many keys must sign each record")
	c.Flags().BoolVar(&f.anew, "anew", false, "propose a version although one that you proposed waits for signatures")
	c.Flags().BoolVar(&f.keepOrder, "keep-order", false, "publish a list that names persons in your order: a name that is withheld later is then known by its neighbours")
	f.addSigning(c)
	return c
}

func runPublish(cmd *cobra.Command, env Env, dir string, f publishFlags) error {
	d, err := draft.Open(dir)
	if err != nil {
		return withHint(err, "publish takes a folder that `sijil draft` wrote")
	}
	if err := d.Publishable(); err != nil {
		return withHint(err, "see `sijil review %s`", dir)
	}
	path, err := env.trustPath(f.trust)
	if err != nil {
		return err
	}
	trust, err := env.loadTrust(f.trust)
	if err != nil {
		return err
	}
	token, err := f.readToken()
	if err != nil {
		return err
	}
	if _, pinned := trust.Genesis(d.Header.Slug); !pinned && token == "" {
		return withHint(fmt.Errorf("%q is not pinned in %s, so it would be a new publication, and there is no token for it", d.Header.Slug, path),
			"ask the operator for a token; or, if it exists, pin it with `sijil trust init URL --publication %s`", d.Header.Slug)
	}
	signer, err := f.pass.openKey(env, f.key)
	if err != nil {
		return err
	}
	p, save, err := f.publisher(env, trust, path, filepath.Join(dir, "outbox"), signer)
	if err != nil {
		return err
	}
	in := input(d)
	if in.Policy, err = f.firstPolicy(signer.Public()); err != nil {
		return err
	}
	p.Anew = f.anew
	if in.HideOrder = !f.keepOrder && namesPersons(in.Signatories); in.HideOrder {
		fmt.Fprintln(env.Stderr, "the list names persons: it is published without an order of its own and shown by name, so that a name that is withheld later is not known by its neighbours (--keep-order keeps your order)")
	}
	fmt.Fprintf(env.Stderr, "publishing %q to %s …\n", d.Header.Slug, trust.BaseURL())
	res, err := p.Publish(cmd.Context(), in, token)
	if err != nil {
		return f.explain(err, dir)
	}
	if err := save(res); err != nil {
		return err
	}
	if res.Awaiting() {
		return sayAwaiting(env, d.Header.Slug, res)
	}
	fmt.Fprintf(env.Stdout, "published %s version %d\nrecord:  %s\ngenesis: %s\nentry:   %d of the log %s\npage:    %s\n",
		d.Header.Slug, res.Version, res.Record, res.Genesis, res.Index, trust.Policy().Origin(), trust.BaseURL()+"/p/"+d.Header.Slug)
	if res.Version == 1 {
		fmt.Fprintln(env.Stderr, "make the genesis fingerprint public by another way: readers compare it once")
	}
	return f.await(cmd.Context(), env, p, res)
}

// publisher wires the publisher's side; save keeps what was seen of the log.
func (f publishFlags) publisher(env Env, trust *keys.Trust, trustPath, outbox string, signer *keys.Signer) (*publisher.Publisher, func(*publisher.Result) error, error) {
	base := f.server
	if base == "" {
		base = trust.BaseURL()
	}
	src, err := client.NewHTTP(base, env.HTTP)
	if err != nil {
		return nil, nil, err
	}
	state, err := env.state(trust)
	if err != nil {
		return nil, nil, err
	}
	memory, err := state.Load()
	if err != nil {
		return nil, nil, err
	}
	o := env.options(trust, "", src, memory)
	p := &publisher.Publisher{
		Server: remote.New(base, env.HTTP), Source: src, Open: o, Signer: signer, Clock: env.Clock,
		Outbox:    publisher.FolderOutbox(outbox),
		SaveTrust: func(t *keys.Trust) error { return saveTrust(trustPath, t) },
	}
	save := func(r *publisher.Result) error { return state.Save(r.Publication.Remember(memory)) }
	return p, save, nil
}

func (f publishFlags) readToken() (string, error) {
	if f.tokenFile == "" {
		return f.token, nil
	}
	b, err := readFile(f.tokenFile, 4096)
	if err != nil {
		return "", err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return string(bytes.TrimSpace(line)), nil
}

func (f publishFlags) explain(err error, dir string) error {
	var problem *remote.Problem
	var bad *evidence.Misbehaviour
	var awaiting *publisher.AwaitingError
	switch {
	case errors.As(err, &awaiting):
		return withHint(err, "have it signed with `sijil cosign`, or propose another version with --anew")
	case errors.Is(err, publisher.ErrReason):
		return withHint(err, "say what changed in this version, and why, with `sijil review %s --reason …`", dir)
	case errors.Is(err, publisher.ErrUnchanged):
		return withHint(err, "change the files in %s, or close flags as repaired, and say why with `sijil review %s --reason …`", dir, dir)
	case errors.Is(err, publisher.ErrRetracted):
		return withHint(err, "a retracted publication is closed for ever: ask the operator for a token for another slug")
	case errors.As(err, &bad):
		return &statusError{code: exitMisbehaved, err: err}
	case errors.As(err, &problem) && problem.Status == 409:
		return withHint(err, "somebody else published meanwhile, or the slug is taken: look at what is there, then publish again")
	case errors.As(err, &problem) && problem.Status == 403:
		return withHint(err, "is it the right token, or key? A token works once, for one slug, until it expires")
	}
	return err
}

func namesPersons(list []signatory.Signatory) bool {
	return slices.ContainsFunc(list, func(s signatory.Signatory) bool { return s.Kind == signatory.Person })
}

func input(d *draft.Draft) publisher.Input {
	in := publisher.Input{
		Slug: d.Header.Slug, Title: d.Header.Title, Texts: map[string][]byte{}, PlaceDate: d.Header.PlaceDate,
		Date: d.Header.Date, Place: d.Header.Place, Reason: d.Header.Reason, Signatories: d.Signatories(),
	}
	for lang, s := range d.Texts {
		in.Texts[lang] = []byte(s)
	}
	return in
}
