package audit

import (
	"context"

	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// checkVersion reads the texts and the list of a version, whose record stands at
// index.
func (p *publication) checkVersion(ctx context.Context, index int64, v *statement.Version) error {
	list, err := p.readList(ctx, index, v)
	if err != nil {
		return err
	}
	if list != nil {
		for i, e := range list.Entries() {
			p.names = append(p.names, name{entry: e.Commitment, position: i, version: v, index: index, hidden: e.Withheld})
		}
	}
	texts := map[string][]byte{}
	for _, want := range v.Texts() {
		b, err := p.readText(ctx, index, v, want)
		if err != nil {
			return err
		}
		if b != nil {
			texts[want.Language] = b
		}
	}
	if list == nil || len(texts) < len(v.Texts()) {
		return nil // said already
	}
	if _, err := edition.Open(v, texts, list); err != nil {
		p.add(RuleEdition, index, p.o.Layout.Version(p.slug, v.Version), nil, "%v", err)
	}
	return nil
}

// readList returns the list if it is the one that was signed.
func (p *publication) readList(ctx context.Context, index int64, v *statement.Version) (*signatory.List, error) {
	path := p.o.Layout.Signatories(p.slug, v.Version)
	b, bad, err := p.reader.fetch(ctx, path)
	if err != nil {
		return nil, err
	}
	if bad != nil {
		p.add(bad.rule(RuleCommitments), index, path, nil, "%s", bad.why)
		return nil, nil
	}
	list, err := signatory.Parse(b)
	if err != nil {
		p.add(RuleCommitments, index, path, nil, "%v", err)
		return nil, nil
	}
	signed, err := v.CommitmentsDocument()
	if err != nil {
		return nil, err
	}
	if got, want := log.Sum(list.Commitments().Document()), log.Sum(signed); got != want {
		p.add(RuleCommitments, index, path, map[string]string{"served": got.String(), "signed": want.String()}, "the commitments are %s, the record says %s", got, want)
		return nil, nil
	}
	return list, nil
}

// readText returns the text if it is the one that was signed.
func (p *publication) readText(ctx context.Context, index int64, v *statement.Version, want statement.Text) ([]byte, error) {
	path := p.o.Layout.Text(p.slug, v.Version, want.Language)
	b, bad, err := p.reader.fetch(ctx, path)
	if err != nil {
		return nil, err
	}
	if bad != nil {
		p.add(bad.rule(RuleText), index, path, nil, "%s", bad.why)
		return nil, nil
	}
	if got := log.Sum(b); got != want.File {
		p.add(RuleText, index, path, map[string]string{"served": got.String(), "signed": want.File.String()}, "the text is %s, the record says %s", got, want.File)
		return nil, nil
	}
	if !edition.Readable(v) {
		return b, nil // edition.Open says that this program cannot read it
	}
	got, err := edition.DigestsIn(v.Canonical, want.Language, b)
	if err != nil {
		p.add(RuleText, index, path, nil, "%v", err)
		return nil, nil
	}
	if got.Canonical != want.Canonical {
		p.add(RuleText, index, path, map[string]string{"computed": got.Canonical.String(), "signed": want.Canonical.String()},
			"its canonical form is %s, the record says %s", got.Canonical, want.Canonical)
		return nil, nil
	}
	return b, nil
}
