// Package trillianlog is an append-only log kept by Trillian v1.8 inside this
// process: Trillian's log server and its sequencer are called as functions over
// a storage provider, without gRPC and without a ticker.
//
// [Create] makes the one tree of a new storage, [Open] opens it:
//
//	id, err := trillianlog.Create(ctx, s.LogStorage(), s.AdminStorage())
//	l, err := trillianlog.Open(ctx, trillianlog.Options{Log: s.LogStorage(), Admin: s.AdminStorage(), TreeID: id})
//	index, duplicate, err := l.Append(ctx, []byte("first")) // 0, false, nil
//	index, duplicate, err = l.Append(ctx, []byte("first"))  // 0, true, nil
//	size, hash, err := l.Root(ctx)                          // 1, SHA-256(0x00 "first")
//
// # What holds
//
//   - Append returns without error only when the entry is durable and part of
//     the tree whose root the storage has committed. If we die before, the entry
//     is either nowhere or queued; what is queued is integrated by the next Open
//     before it returns, and appending the entry again gives its index.
//   - The same bytes are kept once: appending them again gives the first index
//     and duplicate = true.
//   - Indices start at 0 and have no gaps. The tree is that of RFC 6962 with
//     SHA-256; an entry's leaf hash is SHA-256(0x00 || entry).
//   - One goroutine integrates. Append wakes it, and it takes all entries that
//     wait. A failure is retried, with a growing pause, while callers wait.
//   - The clock may step back: Trillian sees a time that always moves on, so it
//     never refuses a root for being early.
//
// # In other processes
//
// [CreateRemote] and [OpenRemote] do the same over gRPC, for a trillian_log_server
// and a trillian_log_signer. The signer's commits are learnt from whoever reads the
// tree (Remote.Integrated).
//
// # What it is not
//
// The root is Trillian's and is not signed; a checkpoint is made elsewhere,
// after the tiles were written and their root compared with this one.
package trillianlog
