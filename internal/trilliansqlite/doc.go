// Package trilliansqlite is a storage provider for Trillian v1.8 over one
// SQLite database. It knows Trillian and SQLite and nothing else.
//
// A storage is a folder:
//
//	trillian.sqlite       the database (write-ahead log beside it while open)
//	trillian.lock         held with flock(2) while a process has it open
//	trillian.sqlite.new   a Create that did not finish; the next one removes it
//
// [Create] makes the folder's database and [Open] opens it. Opening a folder
// without a database is [ErrNotFound]: a log that starts empty where a log was
// expected would sign a second history, so nothing is ever made silently.
//
// A log's life begins with
//
//	s, err := trilliansqlite.Create(dir, trilliansqlite.Options{})
//	tree, err := storage.CreateTree(ctx, s.AdminStorage(), &trillian.Tree{…})
//	// Trillian's InitLog stores the empty root
//	q, err := s.LogStorage().QueueLeaves(ctx, tree, leaves, now) // durable
//	// Trillian's IntegrateBatch integrates them
//	err = s.Close()
//
// and goes on with Open.
//
// # What holds
//
//   - Durable: when a call that writes returns without error, its transaction
//     is in the write-ahead log and synced (synchronous=FULL). A call that
//     returns an error has changed nothing, with one exception that the disk
//     makes: after a failed sync nobody knows, so the storage refuses every
//     later write until it is opened again and has read what is there.
//   - One writer: all writes go through one connection. Concurrent QueueLeaves
//     calls share a transaction, so a thousand callers cost one sync.
//   - Snapshots: reads use their own read-only connections and never wait for
//     the writer. A read sees one committed state from its first to its last
//     statement.
//   - Deduplicated: a leaf identity hash exists once in a tree. Queueing it
//     again gives the stored leaf with status AlreadyExists, and with its leaf
//     index, or -1 while it is not integrated.
//   - A root never goes back: storing one that is smaller or not later than
//     the stored one is refused. A root that cannot be read is an error, never
//     an empty root.
//   - One process: a second open of the same folder is [ErrInUse].
//
// Every pragma stands in the DSN, so it holds on every connection.
//
// # What it is not
//
// It keeps the latest root of a tree only. It does not support
// storage_settings or leaves whose identity hash is not 32 bytes long. A
// transaction belongs to the goroutine that began it.
package trilliansqlite
