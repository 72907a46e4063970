package cli

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/durable"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/keys"
)

type inviteFlags struct {
	publishFlags
	entries []string
	version int
	expires time.Duration
	out     string
}

func newInvite(env Env) *cobra.Command {
	var f inviteFlags
	c := &cobra.Command{
		Use:   "invite SLUG|URL --out FILE",
		Short: "Make one invitation for each signatory of a version",
		Long: `Sign one invitation for each entry of a version's list (or for those that --entry
names), and write them into a CSV file: number, name, link. Send each link to its
signatory, and to nobody else: whoever holds it can hand in one statement about that
entry. It proves nothing of them: their domain, their mail or a confirmed key does.`,
		Example: "  sijil invite river --key secretariat.key --out invitations.csv\n  sijil invite river --entry 3 --expires 168h --key secretariat.key --out again.csv",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runInvite(cmd, env, args[0], f) },
	}
	c.Flags().StringArrayVar(&f.entries, "entry", nil, "only this list entry, by `NAME` or number; can be given again")
	c.Flags().IntVar(&f.version, "version", 0, "of version `N` (default: the latest)")
	c.Flags().DurationVar(&f.expires, "expires", 60*24*time.Hour, "how long the invitations can be used")
	c.Flags().StringVar(&f.out, "out", "", "write the `FILE`; it must not exist")
	c.MarkFlagRequired("out")
	f.addSigning(c)
	return c
}

func runInvite(cmd *cobra.Command, env Env, name string, f inviteFlags) error {
	slug, _, trust, err := f.pinned(env, name)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(f.out); err == nil {
		return withHint(fmt.Errorf("%s exists", f.out), "invitations are never overwritten: choose another name")
	}
	pub, err := sourceFlags{server: f.server, trust: f.trust}.open(cmd.Context(), env, slug)
	if err != nil {
		return err
	}
	r, err := chosenVersion(pub.Publication, f.version)
	if err != nil {
		return err
	}
	all := r.Edition.List().Entries()
	numbers := map[string]int{}
	var list []signatory.Entry
	for _, i := range r.Edition.List().Shown() {
		numbers[all[i].Commitment] = i + 1
		list = append(list, all[i])
	}
	if len(f.entries) > 0 {
		list = nil
		for _, want := range f.entries {
			e, err := chosenEntry(r, want)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
	}
	signer, err := f.pass.openKey(env, f.key)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(pub.Chain().Keys(), func(k *keys.PublicKey) bool { return k.Digest() == signer.Public().Digest() }) {
		return fmt.Errorf("%s is not one of the publication's keys, so nobody would accept what it invites", signer.Public().Digest())
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write([]string{"number", "name", "domain", "link"}) // a buffer does not fail
	made := 0
	for _, e := range list {
		if e.Withheld {
			continue
		}
		code, err := invitation.New(cryptoRand, signer, invitation.Invitation{Publication: pub.Genesis(), Version: r.Edition.Statement().Version, Entry: e.Commitment, Until: env.Clock().Add(f.expires)})
		if err != nil {
			return err
		}
		made++
		_ = w.Write([]string{strconv.Itoa(numbers[e.Commitment]), e.Signatory.Name, e.Signatory.Domain, trust.BaseURL() + "/i/" + code})
	}
	w.Flush()
	if err := durable.Replace(f.out, out.Bytes(), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "wrote %s: %s to version %d of %s, until %s\n", f.out, count(made, "invitation"), r.Edition.Statement().Version, slug, env.Clock().Add(f.expires).UTC().Format(time.DateOnly))
	return nil
}
