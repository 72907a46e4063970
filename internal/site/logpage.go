package site

import (
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Log is what the pages of the log show.
type Log interface {
	// Policy says who signs checkpoints, and who has to cosign them.
	Policy() *keys.Policy
	// Entry returns an entry of the public tree; publish.ErrUnknown past its end.
	Entry(index int64) ([]byte, error)
}

// logPage shows the newest checkpoint that readers are shown.
type logPage struct {
	page
	Origin, Key, Fingerprint string
	Size                     int
	Root, Text, AsOf         string
	Waiting                  int // entries that the witnesses have not seen
	Witnesses                []witnessLine
	Recent                   []link
	Command                  string
}

// witnessLine is a witness of the policy.
type witnessLine struct {
	Name, Fingerprint string
	Signed            bool
}

// maxRecent is how many of the newest entries are listed.
const maxRecent = 20

func (v *visit) logPage() (answer, error) {
	if v.log == nil {
		return answer{}, publish.ErrUnknown
	}
	policy := v.log.Policy()
	view := logPage{page: v.head(v.Say("log_heading")), Origin: policy.Origin(), Key: policy.Log().String(), Fingerprint: policy.Log().ID().String(),
		Command: "sijil trust init " + v.base + "\nsijil audit"}
	view.Feeds = v.feeds("")
	note, err := v.service.Checkpoint(publish.Public)
	if errors.Is(err, publish.ErrUnknown) {
		return answer{template: "log", view: view}, nil
	}
	if err != nil {
		return answer{}, err
	}
	c, err := log.OpenCheckpoint(note, policy)
	if err != nil {
		return answer{}, err
	}
	root := c.Root()
	view.Size, view.Root, view.Text = int(c.Size()), hex.EncodeToString(root[:]), string(note)
	if at := c.Cosigned(); !at.IsZero() {
		view.AsOf = at.UTC().Format(time.RFC3339)
	}
	signed := map[string]bool{}
	for _, name := range c.WitnessNames() {
		signed[name] = true
	}
	for _, w := range policy.Witnesses() {
		view.Witnesses = append(view.Witnesses, witnessLine{w.Name, w.Fingerprint.String(), signed[w.Name]})
	}
	if latest, err := v.service.Checkpoint(publish.Latest); err == nil {
		if l, err := log.OpenCheckpoint(latest, policy.LogOnly()); err == nil {
			view.Waiting = int(l.Size() - c.Size())
		}
	}
	for i := c.Size() - 1; i >= 0 && i >= c.Size()-maxRecent; i-- {
		view.Recent = append(view.Recent, link{Path: v.to(entryPath(i)), Text: strconv.FormatInt(i, 10)})
	}
	return answer{template: "log", view: view}, nil
}

// entryPage shows one entry of the log.
type entryPage struct {
	page
	Index                       int
	Leaf, Payload, Key, Content string
	Record                      *link // of a publication
	Heading, BundlePath         string
	Before, After               *link
	Command                     string
}

// openEntry sends the form of the log's page on to the entry that it names.
func (v *visit) openEntry() (answer, error) {
	index, err := strconv.ParseInt(v.r.URL.Query().Get("index"), 10, 64)
	if err != nil || index < 0 {
		return answer{}, publish.ErrUnknown
	}
	return v.elsewhere(entryPath(index)), nil
}

func (v *visit) entry() (answer, error) {
	index, err := strconv.ParseInt(v.variable("index"), 10, 64)
	if err != nil || v.log == nil {
		return answer{}, publish.ErrUnknown
	}
	body, err := v.log.Entry(index)
	if err != nil {
		return answer{}, err
	}
	leaf := log.LeafHash(body)
	view := entryPage{page: v.head(v.Say("title_entry", "index", int(index))), Index: int(index), Leaf: hex.EncodeToString(leaf[:]), Content: string(body)}
	var record log.Digest
	if e, err := log.ParseEntry(body); err == nil {
		record = e.Digest
		view.Payload, view.Key = e.Digest.String(), log.Sum(e.Key).String()
	}
	if slug, r, ok := v.service.RecordAt(index); ok {
		view.Record, view.Heading, view.BundlePath = &link{Path: v.to(chainPath(slug)), Text: slug}, v.recordHeading(r), bundlePath(slug, r.Sequence)
		view.Command = "sijil trust init " + v.base + " --publication " + slug + "\nsijil history " + slug
	}
	a, err := v.service.AsideAt(v.r.Context(), record, index)
	if err != nil && !errors.Is(err, publish.ErrUnknown) {
		return answer{}, err
	}
	if err == nil {
		view.Record, view.Heading = &link{Path: v.to(publicationPath(a.Slug)) + "#signatories", Text: a.Slug}, v.Say(asideWords[a.Kind])
		view.BundlePath = recordPath(a.Slug, a.Record.Hex())
		view.Command = "sijil trust init " + v.base + " --publication " + a.Slug + "\nsijil endorsements " + a.Slug
	}
	if b, ok := v.service.BatchAt(index); ok {
		view.Record, view.Heading = &link{Path: v.to(batchPath(b)), Text: b.Slug}, v.batchHeading(b)
		view.BundlePath = recordPath(b.Slug, b.Record.Hex())
		view.Command = "sijil trust init " + v.base + " --publication " + b.Slug + "\nsijil audit"
	}
	if index > 0 {
		view.Before = &link{Path: v.to(entryPath(index - 1)), Text: v.Say("entry_before")}
	}
	if _, err := v.log.Entry(index + 1); err == nil {
		view.After = &link{Path: v.to(entryPath(index + 1)), Text: v.Say("entry_after")}
	}
	return answer{template: "entry", view: view}, nil
}

// asideWords say what a record about a list entry is.
var asideWords = map[string]string{
	statement.ClaimEndorsement: "aside_endorsement", statement.ClaimWithdrawal: "aside_withdrawal", statement.ClaimDenial: "aside_denial", statement.ClaimAbsence: "aside_absence",
	"enrolment": "aside_enrolment",
}
