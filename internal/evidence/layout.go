package evidence

import (
	"fmt"

	"github.com/sijil/sijil/log"
)

// Layout says where the documents stand. The zero value is what a service shows
// to readers: checkpoint, heads and bundles for the newest tree that the witness
// quorum has cosigned.
type Layout struct {
	// Folder is an exported evidence folder, where they stand without the API's
	// prefix.
	Folder bool
	// Latest is what a service shows to publishers: the newest tree that the log
	// has signed, whatever witnesses there are. Open then asks for the log's
	// signature alone.
	Latest bool
}

// signed is where heads and bundles stand: they lead to a checkpoint.
func (l Layout) signed(slug string) string {
	if l.Latest {
		return "api/v1/latest/publications/" + slug
	}
	return l.publication(slug)
}

func (l Layout) publication(slug string) string {
	if l.Folder {
		return slug
	}
	return "api/v1/publications/" + slug
}

// Checkpoint is the newest signed checkpoint.
func (l Layout) Checkpoint() string {
	if l.Latest {
		return "api/v1/latest/checkpoint"
	}
	return "checkpoint"
}

// TrustedRoot is the Sigstore trusted root for stock clients.
func (l Layout) TrustedRoot() string { return "trusted_root.json" }

// Trust is the trust file as the source itself gives it: something to compare
// and pin, never something to believe.
func (l Layout) Trust() string {
	if l.Folder {
		return "trust.json"
	}
	return "api/v1/trust.json"
}

// Frozen is the statement that the log has ended; there is none as long as it
// goes on.
func (l Layout) Frozen() string { return "frozen" }

// Release is the newest release's bundle.
func (l Layout) Release() string {
	if l.Folder {
		return "release.bundle.json"
	}
	return "api/v1/release"
}

// Endorsements is a part, from 1, of the records about a publication's list entries, one a
// line.
func (l Layout) Endorsements(slug string, part int) string {
	if part == 1 {
		return l.signed(slug) + "/endorsements.jsonl"
	}
	return fmt.Sprintf("%s/endorsements.%d.jsonl", l.signed(slug), part)
}

// Roll is the batches of a publication's roll, one a line.
func (l Layout) Roll(slug string) string { return l.signed(slug) + "/roll.jsonl" }

// RollRows are the rows of a batch.
func (l Layout) RollRows(slug string, number int64) string {
	return fmt.Sprintf("%s/roll/%d.jsonl", l.signed(slug), number)
}

// RollCounts is the service's count of the endorsers.
func (l Layout) RollCounts(slug string) string { return l.publication(slug) + "/roll.json" }

// Claim is, in a folder, the bundle of what a signatory signed, by its log index.
func (l Layout) Claim(slug string, index int64) string {
	return fmt.Sprintf("%s/endorsements/%d.bundle.json", l.publication(slug), index)
}

// Observer is the log's word for the keys that sign what the service saw.
func (l Layout) Observer() string { return "observer" }

// Head is a publication's signed head.
func (l Layout) Head(slug string) string { return l.signed(slug) + "/head" }

// Bundle is a record's bundle.
func (l Layout) Bundle(slug string, sequence int64) string {
	return fmt.Sprintf("%s/records/%d.bundle.json", l.signed(slug), sequence)
}

// Cosigned is the bundle of a record's nth signature, from 1.
func (l Layout) Cosigned(slug string, sequence int64, n int) string {
	if n == 1 {
		return l.Bundle(slug, sequence)
	}
	return fmt.Sprintf("%s/records/%d.%d.bundle.json", l.signed(slug), sequence, n)
}

// Record is a record's bundle, by record digest: also of one that a publisher key
// signed and that is not in the chain.
func (l Layout) Record(slug string, record log.Digest) string {
	return fmt.Sprintf("%s/records/%s.bundle.json", l.publication(slug), record.Hex())
}

// RecordSignature is the bundle of its nth signature, from 1.
func (l Layout) RecordSignature(slug string, record log.Digest, n int) string {
	if n == 1 {
		return fmt.Sprintf("%s/records/%s.bundle.json", l.signed(slug), record.Hex())
	}
	return fmt.Sprintf("%s/records/%s.%d.bundle.json", l.signed(slug), record.Hex(), n)
}

// Summary is what the service says of a publication: where to look.
func (l Layout) Summary(slug string) string { return l.publication(slug) }

// ProposalText is a text of a version that waits for signatures.
func (l Layout) ProposalText(slug string, record log.Digest, language string) string {
	return fmt.Sprintf("%s/proposals/%s/text.%s.txt", l.publication(slug), record.Hex(), language)
}

// ProposalSignatories is its list with its disclosures.
func (l Layout) ProposalSignatories(slug string, record log.Digest) string {
	return fmt.Sprintf("%s/proposals/%s/signatories.json", l.publication(slug), record.Hex())
}

// Payloads are the digests of the records about a list entry.
func (l Layout) Payloads(slug, entry string) string {
	return fmt.Sprintf("%s/entries/%s/payloads.json", l.publication(slug), entry)
}

// Version is the folder of a version's documents.
func (l Layout) Version(slug string, version int) string {
	return fmt.Sprintf("%s/versions/%d", l.publication(slug), version)
}

// Signatories is a version's list with its disclosures.
func (l Layout) Signatories(slug string, version int) string {
	return l.Version(slug, version) + "/signatories.json"
}

// Text is a published text file.
func (l Layout) Text(slug string, version int, language string) string {
	return l.Version(slug, version) + "/text." + language + ".txt"
}
