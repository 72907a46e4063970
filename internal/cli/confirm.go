package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/remote"
)

func newConfirm(env Env) *cobra.Command {
	var f endorseFlags
	c := &cobra.Command{
		Use:   "confirm SLUG|URL",
		Short: "Have the service look at what a signatory's domain says",
		Long: `Have the service read https://DOMAIN/.well-known/sijil.txt and the TXT records of
_sijil.DOMAIN, for the domain that the list gives of an entry, and record what is new:
that it endorses, withdraws or denies, and which key is its own. Without any line there,
the command prints the lines that could be put there.`,
		Example: "  sijil confirm river --entry \"Delta Watch\"\n  sijil confirm river --entry 3 --key ours.pub",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runConfirm(cmd, env, args[0], f) },
	}
	f.addEntry(c)
	c.Flags().StringVar(&f.key, "key", "", "the public key in `FILE`, if the domain names one that has signed nothing here yet")
	return c
}

func runConfirm(cmd *cobra.Command, env Env, name string, f endorseFlags) error {
	pub, r, e, base, err := f.place(cmd, env, name)
	if err != nil {
		return err
	}
	var key []byte
	if f.key != "" {
		list, err := readPublicKeys([]string{f.key})
		if err != nil {
			return err
		}
		key = list[0].SPKI()
	}
	got, err := remote.New(base, env.HTTP).CheckDomain(cmd.Context(), pub.Slug(), e.Commitment, key)
	if err != nil {
		return err
	}
	if len(got.Found) == 0 {
		fmt.Fprintf(env.Stdout, "%s says nothing of this entry\n", got.Domain)
		fmt.Fprintf(env.Stderr, "to endorse version %d, put this line into https://%s/.well-known/sijil.txt, or into a TXT record of _sijil.%s:\n\n  sijil-endorsement/v1 publication=%s version=%d record=%s entry=%s\n",
			r.Edition.Statement().Version, got.Domain, got.Domain, pub.Genesis(), r.Edition.Statement().Version, r.Digest(), e.Commitment)
		return nil
	}
	fmt.Fprintf(env.Stdout, "%s says: %s\n", got.Domain, strings.Join(got.Found, ", "))
	if got.UnknownKey {
		fmt.Fprintln(env.Stderr, "it names a key that has signed nothing here: give the key with --key, or sign first")
	}
	for _, d := range got.Recorded {
		fmt.Fprintf(env.Stdout, "record:  %s\n", d)
	}
	if len(got.Recorded) == 0 {
		fmt.Fprintln(env.Stdout, "nothing new")
	}
	return nil
}
