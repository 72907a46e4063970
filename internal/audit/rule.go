package audit

import "slices"

// Rule is the stable name of a check. docs/formats/audit.md is normative; a test
// holds the two together.
type Rule string

// Rules about the log.
const (
	RuleCheckpoint Rule = "checkpoint"
	RuleStale      Rule = "stale"
	RuleFrozen     Rule = "frozen"
	RuleMissing    Rule = "missing"
	RuleTile       Rule = "tile"
	RuleBundle     Rule = "bundle"
	RuleEntry      Rule = "entry"
	RuleSignature  Rule = "signature"
	RuleDuplicate  Rule = "duplicate"
	RuleListing    Rule = "listing"
)

// Rules about a publication.
const (
	RuleGenesis       Rule = "genesis"
	RuleSlug          Rule = "slug"
	RuleGap           Rule = "gap"
	RuleRecord        Rule = "record"
	RuleRecordKey     Rule = "record-signature"
	RuleChain         Rule = "chain"
	RuleProof         Rule = "proof"
	RuleIndex         Rule = "record-index"
	RuleOrder         Rule = "record-order"
	RuleText          Rule = "text"
	RuleCommitments   Rule = "signatories"
	RuleEdition       Rule = "edition"
	RuleHead          Rule = "head"
	RuleHeadBehind    Rule = "head-behind"
	RuleFork          Rule = "fork"
	RuleReplay        Rule = "replay"
	RuleForeign       Rule = "foreign"
	RuleOutsideWindow Rule = "outside-window"
	RuleSecondGenesis Rule = "second-genesis"
	RuleUnlisted      Rule = "unlisted"
	RuleWithheld      Rule = "payload-withheld"
	RuleUnattached    Rule = "unattached"
	RuleObserver      Rule = "observer"
	RuleAside         Rule = "endorsement"
	RuleUnredacted    Rule = "name-withheld"
	RuleServed        Rule = "name-served"
	RuleRoll          Rule = "roll"
	RuleCount         Rule = "roll-count"
)

// Explanation says for people what a finding of a rule means and what to do.
type Explanation struct {
	Rule  Rule
	Means string
	Do    string
}

const (
	doAgain    = "audit again later, or from a mirror: if it stays, tell the operator, with this report"
	doOperator = "tell the operator and the publisher, with this report, and keep it"
	doSigner   = "ask the publisher what this record is; keep this report"
)

var explanations = []Explanation{
	{Rule: RuleCheckpoint, Means: "the checkpoint is missing, or not signed as the trust file asks", Do: "check the address and the trust file; the log cannot be audited without it"},
	{Rule: RuleStale, Means: "the witness quorum of the newest checkpoint is over a day old: news may be withheld", Do: "ask the operator why the witnesses have not seen the log, and audit again from another network"},
	{Rule: RuleFrozen, Means: "the statement that the log has ended does not verify: somebody may pretend that it has", Do: "ask the operator whether the log has ended, and where it goes on"},
	{Rule: RuleMissing, Means: "a document that has to be there is not served", Do: doAgain},
	{Rule: RuleTile, Means: "a tile does not belong to the tree that the log signed: damage, or an alteration on the way", Do: doAgain},
	{Rule: RuleBundle, Means: "an entry bundle does not hold the entries that the log signed: damage, or an alteration on the way", Do: doAgain},
	{Rule: RuleEntry, Means: "an entry is not in the one encoding that this log takes: nobody can check what it stands for", Do: doOperator},
	{Rule: RuleSignature, Means: "an entry's signature does not verify: the log took what it should have refused", Do: doOperator},
	{Rule: RuleDuplicate, Means: "one entry stands at two places: harmless to readers, and a sign that the log went through something", Do: "ask the operator"},
	{Rule: RuleListing, Means: "the source's own list of publications, or what it says of the log, cannot be read, contradicts itself or the trust file", Do: "if the operator has announced a new witness policy, take it with sijil trust init --take-policy; otherwise ask the operator, and audit again from another network"},
	{Rule: RuleGenesis, Means: "the publication does not begin with the genesis record that is pinned or listed: it may be another one under this name", Do: "compare the genesis digest with what the publisher gave you by another way"},
	{Rule: RuleSlug, Means: "the genesis record is for another slug or another log", Do: doOperator},
	{Rule: RuleGap, Means: "a record of the chain is missing, and later ones are there", Do: doAgain},
	{Rule: RuleRecord, Means: "a record is not in its one encoding", Do: doAgain},
	{Rule: RuleRecordKey, Means: "a record is not signed by the keys that the publication policy in force asks for", Do: doOperator},
	{Rule: RuleChain, Means: "a record does not follow the one before it", Do: doOperator},
	{Rule: RuleProof, Means: "a record's bundle does not prove that it is in the log", Do: doAgain},
	{Rule: RuleIndex, Means: "the log holds another entry at the place that a record claims", Do: doOperator},
	{Rule: RuleOrder, Means: "a record stands in the log before the record that it follows, or a signature before the one that it follows", Do: doOperator},
	{Rule: RuleText, Means: "a text that is served is not the one that was signed", Do: doAgain},
	{Rule: RuleCommitments, Means: "a signatory list that is served is not the one that was signed", Do: doAgain},
	{Rule: RuleEdition, Means: "texts and list of a version cannot be read together as its record says", Do: doOperator},
	{Rule: RuleHead, Means: "the signed head does not fit the chain and the tree", Do: doOperator},
	{Rule: RuleHeadBehind, Means: "the signed head leaves out records that its tree holds: readers may take an old version for the latest", Do: doOperator},
	{Rule: RuleFork, Means: "two records follow the same record: the one whose last signature stands at the lower log index is the chain", Do: doSigner},
	{Rule: RuleReplay, Means: "a record of the chain stands in the log again, under another signature", Do: doSigner},
	{Rule: RuleForeign, Means: "a publisher key signed a record for another publication or another log", Do: doSigner},
	{Rule: RuleOutsideWindow, Means: "a key signed outside the time in which the publication policy lists it", Do: doSigner},
	{Rule: RuleSecondGenesis, Means: "a publisher key signed a second genesis record under the same slug", Do: doSigner},
	{Rule: RuleUnlisted, Means: "a publisher key signed a record that belongs to no place of the chain that is served", Do: doSigner},
	{Rule: RuleWithheld, Means: "a publisher key, a signatory's or the observer key signed something that the log holds and nobody serves: it may be a version, a withdrawal or a denial that is hidden", Do: "ask operator and publisher for the record with this digest"},
	{Rule: RuleUnattached, Means: "a signatory's key signed something before it was enrolled, and nobody serves what: a file of its own, a claim that it never handed in, or one that is hidden", Do: "ask the signatory whether it signed something else with this key: it holds what it signed"},
	{Rule: RuleObserver, Means: "the log's word for the observer keys cannot be read: nothing that the service says it saw can be checked", Do: doAgain},
	{Rule: RuleAside, Means: "what a signatory said, or what the service saw of it, does not verify, or a part of it is missing", Do: doOperator},
	{Rule: RuleUnredacted, Means: "a name of a signatory list is not served, and no record of the publisher says that it is withheld", Do: doOperator},
	{Rule: RuleServed, Means: "a name, or what was said about it, is served although a redaction withholds it", Do: "tell the operator and the publisher at once, and do not pass on what you have read"},
	{Rule: RuleRoll, Means: "a batch of the roll, or its rows, are not what the publisher signed", Do: doOperator},
	{Rule: RuleCount, Means: "the service counts the endorsers otherwise than the batches do", Do: doOperator},
}

// Explanations lists all rules in the order of reports.
func Explanations() []Explanation { return slices.Clone(explanations) }

// Explain returns a rule's explanation.
func (r Rule) Explain() Explanation {
	if i := r.order(); i < len(explanations) {
		return explanations[i]
	}
	return Explanation{Rule: r}
}

func (r Rule) order() int {
	for i, e := range explanations {
		if e.Rule == r {
			return i
		}
	}
	return len(explanations)
}
