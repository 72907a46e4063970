package publish

import (
	"context"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/match"
)

// Verify compares a text with what was published under slug, or with
// everything where slug is empty. It keeps nothing of the copy. The verdict is
// this service's word: readers who check for themselves use their own pins.
func (s *Service) Verify(ctx context.Context, slug string, copied []byte) *match.Verdict {
	return s.attach(ctx, s.index.Check(copied, slug))
}

// VerifyFile is Verify for a file of any form; it also returns what was extracted
// from it, into which the verdict's offsets point, or nil where nothing was.
func (s *Service) VerifyFile(ctx context.Context, slug string, file []byte) (*match.Verdict, *extract.Copy) {
	c, err := s.Files.Read(ctx, file)
	if err != nil {
		return s.attach(ctx, match.NotRead(err)), nil
	}
	return s.attach(ctx, s.index.CheckCopy(c, slug)), c
}

// maxLeads is how many publications one look-up names.
const maxLeads = 20

// Lookup returns the publications in which a copy may have its source, by the
// fingerprints of its passages. It keeps nothing of them.
func (s *Service) Lookup(fingerprints []uint32) []match.Lead {
	return s.index.Lookup(fingerprints, maxLeads)
}

// attach fills in what the matcher cannot know.
func (s *Service) attach(ctx context.Context, v *match.Verdict) *match.Verdict {
	c := s.Public()
	v.Log, v.Trust = s.name.Origin, match.TrustServer
	v.Evidence.TreeSize, v.Evidence.Witnesses = c.Size, c.Witnesses
	v.AsOf = s.Clock().UTC().Truncate(time.Second).Format(time.RFC3339)
	v.Current = match.CurrentUndetermined
	if v.Version == 0 {
		return v
	}
	v.Current = match.CurrentNo
	if v.Version == v.LatestVersion && !v.Retracted {
		v.Current = match.CurrentYes
	}
	if p, err := s.find(v.Publication); err == nil {
		if e, ok := p.version(v.Version); ok {
			v.Evidence.LogIndex, v.Evidence.Record = e.index, e.record.Digest().String()
			err := s.withBook(ctx, p, func(b *endorsement.Book) {
				v.Signatories.Known = endorsement.ForVerdict(b.Version(v.Version), e.edition.List())
			})
			if err != nil {
				s.Logger.Error("what was said of a publication cannot be read", "publication", p.slug, "error", err)
				return match.NewUnchecked(match.ReasonDamaged, "what signatories said of this publication cannot be read on the server", "try again later; whoever runs this server has been told")
			}
			if e.index >= c.Size {
				v.Evidence.TreeSize, v.Evidence.Witnesses = s.Tree.Latest().Size, 0
				v.Warnings = append(v.Warnings, match.Warning{Code: match.WarnNotWitnessed, Detail: "too few witnesses have seen this version so far: tools that check for themselves do not show it yet"})
			}
		}
	}
	return v
}
