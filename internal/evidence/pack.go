package evidence

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
)

// Pack returns an evidence folder: each file's content by its path. trust is that of whom
// it was opened with; the folder holds it with this publication's pin alone.
func (p *Publication) Pack(trust *keys.Trust) (map[string][]byte, error) {
	l := Layout{Folder: true}
	slug := p.Slug()
	only, err := trust.WithoutPublications().Pin(slug, p.Genesis())
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{l.Checkpoint(): p.Checkpoint().Note(), l.Head(slug): p.Head().Note()}
	if f := p.Frozen(); f != nil {
		files[l.Frozen()] = f.Note()
	}
	if o := p.Observer(); o != nil {
		files[l.Observer()] = o.Note()
	}
	if err := p.packEndorsements(files); err != nil {
		return nil, err
	}
	if files[l.Trust()], err = only.Marshal(); err != nil {
		return nil, err
	}
	if files[l.TrustedRoot()], err = only.TrustedRootJSON(); err != nil {
		return nil, err
	}
	var commands string
	for _, r := range p.Records() {
		sequence := r.Statement.Header().Sequence
		for i, signed := range r.Signatures() {
			files[l.Cosigned(slug, sequence, i+1)] = r.Bundles[i]
			files[keyPath(slug, signed.Key)] = signed.Key.PEM()
		}
		key := keyPath(slug, r.Key)
		if s, ok := r.Statement.(*statement.Retraction); ok {
			commands += fmt.Sprintf("  cosign verify-blob-attestation --bundle %s \\\n    --key %s --trusted-root %s --type %s \\\n    --digest %s --digestAlg sha256\n",
				l.Bundle(slug, sequence), key, l.TrustedRoot(), statement.TypeRetraction, s.Target().Hex())
		}
		v, ok := r.Statement.(*statement.Version)
		if !ok {
			continue
		}
		if files[l.Signatories(slug, v.Version)], err = r.Edition.List().Encode(); err != nil {
			return nil, err
		}
		for _, t := range v.Texts() {
			path := l.Text(slug, v.Version, t.Language)
			files[path], _ = r.Edition.Text(t.Language)
			commands += fmt.Sprintf("  cosign verify-blob-attestation --bundle %s \\\n    --key %s --trusted-root %s --type %s \\\n    %s\n",
				l.Bundle(slug, sequence), key, l.TrustedRoot(), statement.TypeVersion, path)
		}
	}
	signed := p.packClaims(files)
	files["README.txt"] = []byte(fmt.Sprintf(readme, slug, p.Genesis(), trust.Policy().Log().ID(), commands, signed))
	return files, nil
}

// packClaims adds what signatories signed, each a file of its own, and returns how stock
// cosign checks them.
func (p *Publication) packClaims(files map[string][]byte) string {
	l := Layout{Folder: true}
	var out strings.Builder
	for _, a := range p.asides {
		if a.Claim == nil {
			continue
		}
		bundle, key := l.Claim(p.Slug(), a.Index), keyPath(p.Slug(), a.Key)
		files[bundle], files[key] = a.Bundle, a.Key.PEM()
		about := a.Claim.Of()
		of := "--digest " + about.Version.Record.Hex() + " --digestAlg sha256"
		if e, ok := a.Claim.(*statement.Endorsement); ok {
			of = l.Text(p.Slug(), about.Version.Number, e.Text.Language)
		}
		counts := ""
		if k, _, ok := p.book.Key(about.Entry); !ok || k != a.Key.Digest() {
			counts = ", under a key that is not confirmed, or no longer"
		}
		fmt.Fprintf(&out, "  # %s of version %d by %s%s\n  cosign verify-blob-attestation --bundle %s \\\n    --key %s --trusted-root %s --type %s \\\n    %s\n",
			a.Claim.Kind(), about.Version.Number, p.nameOf(about), counts, bundle, key, l.TrustedRoot(), claimType(a.Claim), of)
	}
	if out.Len() == 0 {
		return ""
	}
	return "What signatories signed themselves. That a key is theirs, sijil shows: cosign does not.\n\n" + out.String() + "\n"
}

// nameOf is the name of the entry that a claim is about, quoted.
func (p *Publication) nameOf(about statement.About) string {
	if r, ok := p.Version(about.Version.Number); ok {
		for _, e := range r.Edition.List().Entries() {
			if e.Commitment == about.Entry && !e.Withheld {
				return strconv.Quote(e.Signatory.Name)
			}
		}
	}
	return "the entry " + about.Entry
}

func claimType(c statement.Claim) string {
	switch c.(type) {
	case *statement.Withdrawal:
		return statement.TypeWithdrawal
	case *statement.Denial:
		return statement.TypeDenial
	}
	return statement.TypeEndorsement
}

const readme = `Evidence of the publication %q.

genesis  %s
log key  %s

Compare both fingerprints with what the publisher gave you by another way. Then

  sijil verify --offline . COPY

checks a copy against this folder, and stock cosign (v3) checks each text and each
retraction (by the record digest of what it withdraws), as in

%s
%scosign does not check the chain of records, the witness quorum or whether a
version is the latest; sijil does.
`

// packEndorsements adds what was said as the source gave it, part by part.
func (p *Publication) packEndorsements(files map[string][]byte) error {
	l := Layout{Folder: true}
	var out bytes.Buffer
	for i, a := range p.asides {
		line, err := jcs.Marshal(asideLine{Bundle: a.Bundle, Key: a.Key.SPKI()})
		if err != nil {
			return err
		}
		out.Write(line)
		out.WriteByte('\n')
		if (i+1)%p.partRecords == 0 {
			files[l.Endorsements(p.Slug(), (i+1)/p.partRecords)] = bytes.Clone(out.Bytes())
			out.Reset()
		}
	}
	files[l.Endorsements(p.Slug(), p.EndorsementParts())] = out.Bytes()
	return nil
}

func keyPath(slug string, k *keys.PublicKey) string {
	return slug + "/keys/" + k.Digest().Hex() + ".pub"
}

// Zip returns an evidence folder as a ZIP archive, in a folder of the publication's name.
// Equal evidence gives equal bytes.
func (p *Publication) Zip(trust *keys.Trust) ([]byte, error) {
	files, err := p.Pack(trust)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.Slug() + "-evidence/" + name, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
