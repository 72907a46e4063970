// Package log holds the public formats of a Sijil log and their verification:
// digests, entries (Rekor v2 hashedrekord 0.0.2), checkpoints (C2SP
// tlog-checkpoint), heads, and bundles (Sigstore bundle v0.3, one profile).
//
// It is pure: no network, files or clock. Verified things are types that only
// verification makes (Checkpoint, VerifiedHead, Signed, Logged). Whom to trust
// is always passed in as a Policy; a nil one is an error.
//
// A head, for example, is a signed note (C2SP signed-note) with this text:
//
//	urn:sijil:head:v1
//	log.example
//	sha256:0101…   the publication's genesis record
//	sha256:0202…   its newest record
//	3              that record's log index
//	9              the size of the tree the claim is about
//
// The package shadows the standard library's log on purpose; this project logs
// with log/slog.
//
// Merkle proofs are checked by golang.org/x/mod/sumdb/tlog and signed notes by
// golang.org/x/mod/sumdb/note.
package log
