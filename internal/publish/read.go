package publish

import (
	"context"
	"fmt"
	"sort"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Summary describes a publication. Everything in it can be proved from the
// bundles; it is here for people and for finding one's way.
type Summary struct {
	Slug    string            `json:"slug"`
	Genesis log.Digest        `json:"genesis"`
	Title   map[string]string `json:"title"`
	Log     statement.LogName `json:"log"`
	// Keys are those of the publication policy in force; Threshold of them sign a record.
	Keys      []log.Digest     `json:"keys"`
	Threshold int              `json:"threshold"`
	Head      log.Digest       `json:"head"`
	Sequence  int64            `json:"sequence"`
	Index     int64            `json:"log_index"`
	Versions  []VersionSummary `json:"versions"`
	// Proposals wait for signatures; any of them can become the next record.
	Proposals []ProposalSummary `json:"proposals,omitempty"`
	// Retracted: the publication as a whole is withdrawn, and so is every version.
	Retracted *RetractionSummary `json:"retracted,omitempty"`
}

// VersionSummary describes a version.
type VersionSummary struct {
	Version     int               `json:"version"`
	Sequence    int64             `json:"sequence"`
	Record      log.Digest        `json:"record"`
	Index       int64             `json:"log_index"`
	Issued      string            `json:"issued"`
	Date        string            `json:"date,omitempty"`
	Place       string            `json:"place,omitempty"`
	PlaceDate   map[string]string `json:"-"` // by language: the line as it stands beside the list
	Reason      string            `json:"reason"`
	Title       map[string]string `json:"title"`
	Texts       []TextSummary     `json:"texts"`
	Signatories int               `json:"signatories"`
	Withheld    int               `json:"withheld"`
	Key         log.Digest        `json:"key"`    // of the signer
	Public      bool              `json:"public"` // readers' tools are shown it
	// Retracted: the version is withdrawn, by itself or with the publication.
	Retracted *RetractionSummary `json:"retracted,omitempty"`
}

// RetractionSummary describes a retraction.
type RetractionSummary struct {
	Issued   string     `json:"issued"`
	Reason   string     `json:"reason"`
	Sequence int64      `json:"sequence"`
	Record   log.Digest `json:"record"`
	Index    int64      `json:"log_index"`
	Key      log.Digest `json:"key"`               // of the signer
	Version  int        `json:"version,omitempty"` // 0: the publication
}

// TextSummary describes one language's text.
type TextSummary struct {
	Language  string     `json:"language"`
	File      log.Digest `json:"file"`
	Canonical log.Digest `json:"canonical"`
}

// Publications lists all publications by slug.
func (s *Service) Publications() []Summary {
	out := []Summary{}
	shown := s.Public().Size
	for _, p := range s.all() {
		if sum, ok := p.summary(shown); ok {
			out = append(out, sum)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Slug < out[j].Slug })
	return out
}

// Publication describes one.
func (s *Service) Publication(slug string) (Summary, error) {
	p, err := s.find(slug)
	if err != nil {
		return Summary{}, err
	}
	sum, ok := p.summary(s.Public().Size)
	if !ok {
		return Summary{}, fmt.Errorf("publication %w", ErrUnknown)
	}
	return sum, nil
}

// summary describes the publication; shown is the size of the public tree.
func (p *publication) summary(shown int64) (Summary, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if len(p.entries) == 0 {
		return Summary{}, false // its genesis is not in the log yet
	}
	genesis := p.entries[0].record.Statement.(*statement.Publication)
	last := p.entries[len(p.entries)-1]
	out := Summary{
		Slug: p.slug, Genesis: p.genesis, Title: genesis.Title, Log: genesis.Log,
		Head: p.chain.Head(), Sequence: p.chain.Sequence(), Index: last.index, Versions: []VersionSummary{},
		Threshold: p.chain.Threshold(), Proposals: p.proposalSummaries(),
	}
	for _, k := range p.chain.Keys() {
		out.Keys = append(out.Keys, k.Digest())
	}
	for _, e := range p.entries {
		if e.edition != nil {
			v := e.summary()
			v.Public = e.index < shown
			out.Versions = append(out.Versions, v)
		}
		if s, ok := e.record.Statement.(*statement.Retraction); ok {
			out.retract(e.retraction(s))
		}
	}
	return out, true
}

// retract marks what a retraction withdraws. A version that was withdrawn by
// itself keeps its own retraction when the publication follows.
func (s *Summary) retract(r *RetractionSummary) {
	if r.Version > 0 {
		s.Versions[r.Version-1].Retracted = r // the chain has no gaps
		return
	}
	s.Retracted = r
	for i := range s.Versions {
		if s.Versions[i].Retracted == nil {
			s.Versions[i].Retracted = r
		}
	}
}

func (e entry) retraction(s *statement.Retraction) *RetractionSummary {
	r := &RetractionSummary{Issued: s.Issued, Reason: s.Reason, Sequence: s.Sequence, Record: e.record.Digest(), Index: e.index, Key: e.record.Key.Digest()}
	if s.Version != nil {
		r.Version = s.Version.Number
	}
	return r
}

func (e entry) summary() VersionSummary {
	v := e.edition.Statement()
	out := VersionSummary{
		Version: v.Version, Sequence: v.Sequence, Record: e.record.Digest(), Index: e.index, Issued: v.Issued,
		Date: v.Date, Place: v.Place, PlaceDate: v.PlaceDate, Reason: v.Reason, Title: v.Title, Key: e.record.Key.Digest(),
	}
	for _, t := range v.Texts() {
		out.Texts = append(out.Texts, TextSummary(t))
	}
	for _, n := range e.edition.List().Entries() {
		out.Signatories++
		if n.Withheld {
			out.Withheld++
		}
	}
	return out
}

// Text returns a published text file.
func (s *Service) Text(slug string, version int, language string) ([]byte, error) {
	e, err := s.version(slug, version)
	if err != nil {
		return nil, err
	}
	b, ok := e.edition.Text(language)
	if !ok {
		return nil, fmt.Errorf("language %w", ErrUnknown)
	}
	return b, nil
}

// Canonical returns the canonical form of a published text, in the edition that
// its record names.
func (s *Service) Canonical(slug string, version int, language string) ([]byte, error) {
	e, err := s.version(slug, version)
	if err != nil {
		return nil, err
	}
	b, ok := e.edition.Canonical(language)
	if !ok {
		return nil, fmt.Errorf("language %w", ErrUnknown)
	}
	return b, nil
}

// Signatories returns a version's signatories.json.
func (s *Service) Signatories(slug string, version int) ([]byte, error) {
	e, err := s.version(slug, version)
	if err != nil {
		return nil, err
	}
	return e.edition.List().Encode()
}

// Names returns a version's signatory names in list order, for pages.
func (s *Service) Names(slug string, version int) ([]match.Name, error) {
	e, err := s.version(slug, version)
	if err != nil {
		return nil, err
	}
	return e.edition.ForMatch().Names, nil
}

// Shown returns the places of a version's list in the order in which pages show them.
func (s *Service) Shown(slug string, version int) ([]int, error) {
	e, err := s.version(slug, version)
	if err != nil {
		return nil, err
	}
	return e.edition.List().Shown(), nil
}

func (s *Service) version(slug string, version int) (entry, error) {
	p, err := s.find(slug)
	if err != nil {
		return entry{}, err
	}
	e, ok := p.version(version)
	if !ok {
		return entry{}, fmt.Errorf("version %w", ErrUnknown)
	}
	return e, nil
}

// Ready reports whether records are being accepted.
func (s *Service) Ready(_ context.Context) error {
	if err := s.Tree.Room(); err != nil {
		return err
	}
	for _, p := range s.all() {
		p.mu.RLock()
		stuck := s.CatchUp == nil && p.pending != nil && len(p.entries) == 0
		p.mu.RUnlock()
		if stuck {
			return fmt.Errorf("publication %q is waiting for the log", p.slug)
		}
	}
	return nil
}
