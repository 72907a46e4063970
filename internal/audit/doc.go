// Package audit reads a whole log and all publications that its source names,
// and checks everything that can be checked: for somebody who trusts the log's
// key and the pinned genesis digests, and nobody's word. Nothing that the source
// asserts is taken for granted; what is wrong becomes a Finding with the name of
// the rule and of the document, and the audit goes on with what remains.
//
// Run goes through these steps, in this order:
//
//  1. the checkpoint is signed as the witness policy asks, and continues what
//     this machine saw last (consistency proved from tiles);
//  2. the tiles of the tree's right edge give the checkpoint's root, and each
//     tile below is the one its parent names;
//  3. each entry bundle holds the entries that its tile names; each entry is in
//     its one encoding and its signature verifies;
//  4. no entry stands in the log twice;
//  5. each publication that the source lists or the trust file pins: chain,
//     signatures, places, texts, lists, head;
//  6. the payload of every entry under a key that ever was in a publication
//     policy is served, and is a record of the chain.
//
// A log of 1,000 entries, for example, has the tiles tile/0/000 to
// tile/0/003.p/232, tile/1/000.p/3, and four entry bundles. If the last byte of
// tile/0/001 is changed, the one finding is
//
//	{"rule":"tile","index":-1,"path":"tile/0/001","publication":"", …}
//
// since its parent and the entry bundle beside it agree with the checkpoint.
//
// Memory: 16 bytes for each entry (the first eight of its leaf hash and of its
// key's fingerprint, to find what stands twice and what a publisher signed; each
// hit is confirmed by reading the entry again), eight more while duplicates are
// looked for, and a fixed number of entry bundles on their way.
//
// The package has no network, files or clock of its own.
package audit
