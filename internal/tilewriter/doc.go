// Package tilewriter turns a log into immutable tiles (C2SP tlog-tiles), and
// then, and only then, signs a checkpoint over them.
//
// A round (Advance) does these steps, in this order, always:
//
//  1. read the log's size and root
//  2. write the new entries and tiles
//  3. fsync files, then directories
//  4. compute the root, and compare it with the log's
//  5. read everything that was written back from disk and authenticate it
//     against that root, as a client would
//  6. sign
//  7. compare-and-swap the last checkpoint in its store
//  8. publish: Latest, Prove and ReadTile know the new tree
//
// A log whose root is smaller than the last checkpoint, or whose entries do not
// continue it, is never signed: that would be a second history. The Writer then
// stops for good (ErrRollback); what is published stays readable, since it is
// evidence.
//
// # On disk
//
//	lock                         held by the one process that writes here
//	last                         size and root of the newest published tree
//	tmp/                         files on their way; emptied by Open
//	tile/<L>/<N>                 full tiles, tile/entries/<N> full entry bundles
//	edge/entries-<N>             the entry bundle being filled
//	edge/<L>-<N>                 the tile of level L ≥ 1 being filled
//	damaged/                     files that Open found wrong and made again
//
// For example, 1,000 entries are the files tile/entries/000 to 002, tile/0/000
// to 002, edge/entries-3 (232 entries) and edge/1-0 (3 hashes). The partial tile
// of level 0 is no file: it is the hashes of edge/entries-3.
//
// Full tiles are written once, by fsync and rename. A partial tile is the
// beginning of every wider one, so tile/0/003.p/7 is answered, for ever, by
// cutting what is there, and no partial tile is ever a file of its own. A round
// that does not fill a bundle therefore appends to one file and fsyncs it once:
// 0.25 ms (ext4, 2 cores). A file for each partial tile and bundle took three times
// that, their folders not counted, and would leave 255 files of each for every
// full one.
//
// # In a table
//
// In a cluster the same files are rows under the same names. One process's Exporter
// writes them, each round with its checkpoint in one transaction, in the same steps;
// in every process a Follower reads them.
//
// # After a crash
//
// Everything here can be derived from the log's entries, and nothing counts that
// the last checkpoint does not cover:
//
//   - in 2 and 3, files in tmp/, full tiles that nobody names yet, bytes at the
//     end of edge files: the next round writes the same or other bytes over them
//   - between 3 and 7, the same: no checkpoint covers them
//   - in 7, the store decides; Open believes the store
//   - after 7, the checkpoint is out and all it covers is durable
//   - "last" is not fsynced: it may be older than the store, never newer, unless
//     the store was restored from a backup, which is why it exists
//
// No published byte is ever overwritten with another.
package tilewriter
