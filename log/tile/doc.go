// Package tile holds the paths and encodings of a tiled log (C2SP tlog-tiles),
// and reads tiles in a way that lets only authenticated ones through.
//
// A tile is 1 to 256 consecutive hashes of one level of the Merkle tree; an
// entry bundle is the 1 to 256 entries under a tile of level 0. Both are named
// by a tlog.Tile of height 8, with level -1 for an entry bundle, and by a path
// relative to the log's root:
//
//	tile/<L>/<N>[.p/<W>]         L in 0…63, 32·W bytes
//	tile/entries/<N>[.p/<W>]     W entries
//
// N is written in groups of three digits, all but the last with an x before
// them; .p/<W> stands on a partial tile only. A tree of 1,000 entries has the
// full tiles tile/0/000, tile/0/001 and tile/0/002, the partial tiles
// tile/0/003.p/232 and tile/1/000.p/3, and an entry bundle for each tile of
// level 0. Tile 1,234,067 of level 0, with 8 hashes, is
// tile/0/x001/x234/067.p/8.
//
// An entry bundle is each entry behind its length in two bytes, big-endian. The
// entries "a" and "bc" are the seven bytes
//
//	00 01 61 00 02 62 63
//
// Nothing here hashes by itself: all Merkle work is golang.org/x/mod/sumdb/tlog.
// The package is pure: no network, files or clock. Paths and encodings are those
// of tlog-tiles and do not change.
package tile

import "golang.org/x/mod/sumdb/tlog"

const (
	// Height is the height of a tile in tree levels.
	Height = 8
	// Width is the number of hashes of a full tile, and of entries of a full
	// entry bundle.
	Width = 1 << Height
	// EntriesLevel is the level by which a tlog.Tile names an entry bundle.
	EntriesLevel = -1
	// MaxEntry is the largest entry, in bytes.
	MaxEntry = 1<<16 - 1
	// MaxBundle is the largest entry bundle, in bytes.
	MaxBundle = Width * (2 + MaxEntry)
	// MaxSize is the largest tree that this package handles, far beyond any
	// log, and small enough that no index computed from it overflows.
	MaxSize = 1 << 60
)

// At returns the tile n of a level in a tree of the given size, full or
// partial, and false when that tree has none.
func At(level int, n int64, size uint64) (tlog.Tile, bool) {
	w := widthAt(level, n, size)
	return tlog.Tile{H: Height, L: level, N: n, W: w}, w > 0
}

// In reports whether a tree of the given size has every hash or entry that t
// names. It does for each partial tile of an earlier size of the same tree.
func In(t tlog.Tile, size uint64) bool {
	return t.H == Height && t.W > 0 && t.W <= widthAt(t.L, t.N, size)
}

// widthAt is the number of hashes of tile n of a level in a tree, 0 for none.
func widthAt(level int, n int64, size uint64) int {
	if level == EntriesLevel {
		level = 0
	}
	if level < 0 || level*Height >= 60 || n < 0 || size > MaxSize {
		return 0
	}
	hashes := int64(size >> (level * Height))
	if n > hashes>>Height {
		return 0
	}
	return int(min(Width, hashes-n<<Height))
}

// First is the stored hash index (tlog.StoredHashIndex) of t's first hash. Read
// through a tlog.TileHashReader it brings the whole tile.
func First(t tlog.Tile) int64 {
	return tlog.StoredHashIndex(t.L*Height, t.N<<Height)
}
