package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log/client"
)

// verifyTimeout bounds the check beside reading the file: the person hears
// something within ten seconds.
const verifyTimeout = 9 * time.Second

// maxReading is how long a file may take to read; a picture on a slow machine does.
const maxReading = 20 * time.Second

type verifyFlags struct {
	server, publication, trust, offline string
	json, search                        bool
}

func newVerify(env Env) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify COPY",
		Short: "Check a copy against what was published",
		Long: `Check a copy of a declaration (a file, or - for standard input) against what was
published, and say how it differs. The file may be text, Markdown, a web page, a
PDF, a Word or OpenDocument file, a mail, an exported chat, or a PNG or JPEG
picture (where the program tesseract is installed). Everything is fetched and then
checked on this machine, against the trust file's pins; the copy is not sent
anywhere.

With --offline nothing is fetched: the evidence is read from a folder that
sijil export or sijil mirror wrote.

Exit status: 0 identical, authentic or an excerpt; 1 altered or unknown, or what was
published is retracted; 2 usage; 3 unchecked, or a picture that agrees as far as it
can be read; 4 proof that the log misbehaved.`,
		Example: `  sijil verify forwarded.txt
  sijil verify --publication river --json forwarded.txt
  sijil verify --search leaflet.pdf
  sijil verify --offline river-evidence forwarded.txt
  xclip -o | sijil verify -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runVerify(cmd.Context(), env, args[0], f)
		},
	}
	c.Flags().StringVar(&f.server, "server", "", "the service's `URL` (default: the trust file's)")
	c.Flags().StringVar(&f.publication, "publication", "", "the publication's `SLUG` (default: the one that is pinned)")
	c.Flags().BoolVar(&f.search, "search", false, "find the publication: sends fingerprints of passages to the service, never the copy")
	c.Flags().StringVar(&f.trust, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().StringVar(&f.offline, "offline", "", "read the evidence from the folder `DIR`, and ask no network")
	c.Flags().BoolVar(&f.json, "json", false, "print the verdict as one JSON object")
	c.MarkFlagsMutuallyExclusive("server", "offline")
	c.MarkFlagsMutuallyExclusive("search", "offline")
	c.MarkFlagsMutuallyExclusive("search", "publication")
	return c
}

func runVerify(ctx context.Context, env Env, name string, f verifyFlags) error {
	trust, word, err := f.loadTrust(env)
	if err != nil {
		return err
	}
	slug := ""
	if !f.search {
		if slug, err = onlySlug(trust, f.publication); err != nil {
			return err
		}
	}
	copied, err := readCopy(ctx, env, name)
	var unread *extract.Error
	if err != nil && !errors.As(err, &unread) {
		return &statusError{code: exitUsage, err: err}
	}
	if unread != nil {
		v := match.NotRead(unread)
		v.Publication, v.Trust = slug, word
		return f.report(env, v, nil, copied)
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	if f.search {
		if slug, err = f.find(ctx, env, trust, copied); err != nil {
			v := evidence.Unchecked("", err)
			v.Trust, v.Log = word, trust.Policy().Origin()
			return f.report(env, v, nil, copied)
		}
		if slug == "" {
			v := match.NewNoLead(trust.BaseURL())
			v.Trust, v.Log = word, trust.Policy().Origin()
			return f.report(env, v, nil, copied)
		}
	}
	v, pub, err := f.check(ctx, env, trust, word, slug, copied)
	var bad *evidence.Misbehaviour
	if errors.As(err, &bad) {
		return f.reportMisbehaviour(env, trust, word, slug, bad)
	}
	if err != nil {
		return err
	}
	return f.report(env, v, pub, copied)
}

// find asks the service for the publications that share passages with the copy, by
// fingerprints: the copy is not sent. It returns the best one that is pinned, else
// the best; "" where there is none. What is found is a hint that check confirms.
func (f verifyFlags) find(ctx context.Context, env Env, trust *keys.Trust, copied *extract.Copy) (string, error) {
	fps, err := match.Fingerprints(copied.Text)
	if err != nil {
		return "", nil // no words: there is nothing to be found
	}
	base := f.server
	if base == "" {
		base = trust.BaseURL()
	}
	leads, err := remote.New(base, env.HTTP).Lookup(ctx, fps)
	if err != nil || len(leads) == 0 {
		return "", err
	}
	for _, l := range leads {
		if d, ok := trust.Genesis(l.Publication); ok && d.String() == l.Genesis {
			return l.Publication, nil
		}
	}
	return leads[0].Publication, nil
}

// check opens the evidence and compares the copy. An error that leaves the copy
// unchecked becomes a verdict; *evidence.Misbehaviour stays an error.
func (f verifyFlags) check(ctx context.Context, env Env, trust *keys.Trust, word, slug string, copied *extract.Copy) (*match.Verdict, *evidence.Publication, error) {
	state, err := env.state(trust)
	if err != nil {
		return nil, nil, err
	}
	memory, err := state.Load()
	if err != nil {
		return nil, nil, err
	}
	src, o, err := f.source(env, trust, slug, memory)
	if err != nil {
		return nil, nil, &statusError{code: exitUsage, err: err}
	}
	if word == "" {
		if word, err = trustWord(state, trust, slug); err != nil {
			return nil, nil, err
		}
	}
	pub, err := evidence.Open(ctx, src, o)
	var bad *evidence.Misbehaviour
	if errors.As(err, &bad) {
		return nil, nil, err
	}
	if err != nil {
		v := evidence.Unchecked(slug, err)
		v.Trust, v.Log = word, trust.Policy().Origin()
		if f.offline != "" && v.Reason.Code == match.ReasonUnreachable {
			v.Reason.Hint = "is " + f.offline + " a folder that `sijil export` wrote?"
		}
		return v, nil, nil
	}
	if err := state.Save(pub.Remember(memory)); err != nil {
		fmt.Fprintf(env.Stderr, "sijil: warning: what was seen of the log cannot be remembered: %v\n", err)
	}
	var now time.Time
	if f.offline == "" {
		now = env.Clock()
	}
	v, err := pub.Check(copied, word, now)
	return v, pub, err
}

func (f verifyFlags) source(env Env, trust *keys.Trust, slug string, memory evidence.Memory) (evidence.Source, evidence.Options, error) {
	if f.offline != "" {
		src := client.NewDir(f.offline)
		o := env.options(trust, slug, src, memory)
		if o.Copy = true; !isMirror(f.offline) {
			o.Layout.Folder, o.Consistent = true, nil
		}
		return src, o, nil
	}
	base := f.server
	if base == "" {
		base = trust.BaseURL()
	}
	src, err := client.NewHTTP(base, env.HTTP)
	if err != nil {
		return nil, evidence.Options{}, err
	}
	return src, env.options(trust, slug, src, memory), nil
}

// isMirror reports whether a folder has a service's own paths.
func isMirror(dir string) bool {
	return exists(filepath.Join(dir, "api")) || exists(filepath.Join(dir, "tile"))
}

// loadTrust returns the trust file. An exported folder brings its own copy: it
// is used only when there is no other, and then the verdict says first-use.
func (f verifyFlags) loadTrust(env Env) (t *keys.Trust, word string, err error) {
	if f.offline == "" || f.trust != "" {
		t, err = env.loadTrust(f.trust)
		return t, "", err
	}
	path, err := env.trustPath("")
	if err != nil {
		return nil, "", err
	}
	b, err := readFile(path, maxTrustFile)
	if errors.Is(err, fs.ErrNotExist) {
		if b, err = readFile(filepath.Join(f.offline, evidence.Layout{Folder: !isMirror(f.offline)}.Trust()), maxTrustFile); err != nil {
			return nil, "", withHint(&statusError{code: exitUsage, err: err}, "is %s a folder that `sijil export` wrote?", f.offline)
		}
		word = match.TrustFirstUse
	}
	if err != nil {
		return nil, "", err
	}
	t, err = keys.ParseTrust(b)
	return t, word, err
}

// readCopy reads what a person sees of the file. An *extract.Error says that it
// could not be read, any other that there is no such file.
func readCopy(ctx context.Context, env Env, name string) (*extract.Copy, error) {
	b, err := readBytes(env, name)
	var large *tooLargeError
	if errors.As(err, &large) {
		return nil, &extract.Error{Code: extract.CodeTooLarge, Detail: err.Error(), Hint: "check the declaration alone, without what surrounds it"}
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, maxReading)
	defer cancel()
	return env.Files.Read(ctx, b)
}

func readBytes(env Env, name string) ([]byte, error) {
	if name == "-" {
		return readAll(env.Stdin, "standard input", extract.MaxFile)
	}
	return readFile(name, extract.MaxFile)
}

// report prints the verdict and ends the command with its exit status.
func (f verifyFlags) report(env Env, v *match.Verdict, pub *evidence.Publication, copied *extract.Copy) error {
	if f.json {
		if err := printJSON(env.Stdout, v); err != nil {
			return err
		}
	} else {
		printVerdict(env.Stdout, v, pub, copied)
	}
	if code := v.ExitCode(); code != exitOK {
		return &statusError{code: code}
	}
	return nil
}

func (f verifyFlags) reportMisbehaviour(env Env, trust *keys.Trust, word, slug string, bad *evidence.Misbehaviour) error {
	proof := misbehaved(env, trust, bad)
	v := evidence.Unchecked(slug, bad)
	v.Trust, v.Log = word, trust.Policy().Origin()
	if err := f.report(env, v, nil, nil); err != nil && v.ExitCode() == exitOK {
		return err
	}
	return proof
}

// misbehaved writes the proof against the log to a file, and returns the error
// that ends the command with it.
func misbehaved(env Env, trust *keys.Trust, bad *evidence.Misbehaviour) error {
	state, err := env.state(trust)
	if err != nil {
		return err
	}
	path, err := state.SaveProof(bad, env.Clock())
	if err != nil {
		fmt.Fprintf(env.Stderr, "sijil: warning: the proof cannot be written: %v\n", err)
	}
	return withHint(&statusError{code: exitMisbehaved, err: bad}, "the proof, two notes signed by the log's key, is in %s: show it to the operator, the publisher and other readers", path)
}
