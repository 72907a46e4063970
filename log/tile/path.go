package tile

import (
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// maxPath bounds a path before it is looked at; the longest one in a tree of
// MaxSize has 47 bytes.
const maxPath = 64

const (
	prefix        = "tile/"
	entriesPrefix = "entries/"
	// What tlog writes for the same tile: it names the height, and calls the
	// entries data.
	tlogPrefix     = "tile/8/"
	tlogDataPrefix = "data/"
)

// Path returns t's path, for example "tile/0/x001/x234/067.p/8". The tile must
// be one of height 8.
func Path(t tlog.Tile) string {
	rest := strings.TrimPrefix(t.Path(), tlogPrefix)
	if data, ok := strings.CutPrefix(rest, tlogDataPrefix); ok {
		rest = entriesPrefix + data
	}
	return prefix + rest
}

// ParsePath reads a path without a leading slash. It accepts exactly what Path
// writes for a tile of a level up to 63.
func ParsePath(path string) (tlog.Tile, error) {
	if len(path) > maxPath {
		return tlog.Tile{}, fmt.Errorf("tile path: %d bytes, at most %d", len(path), maxPath)
	}
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return tlog.Tile{}, fmt.Errorf("tile path %q: does not begin with %s", path, prefix)
	}
	if entries, ok := strings.CutPrefix(rest, entriesPrefix); ok {
		rest = tlogDataPrefix + entries
	}
	t, err := tlog.ParseTilePath(tlogPrefix + rest)
	if err != nil {
		return tlog.Tile{}, fmt.Errorf("tile path %q: want tile/<level>/<index> or tile/entries/<index>, then .p/<width> if partial", path)
	}
	if t.L > 63 {
		return tlog.Tile{}, fmt.Errorf("tile path %q: level over 63", path)
	}
	if t.N > MaxSize>>Height {
		return tlog.Tile{}, fmt.Errorf("tile path %q: index over %d", path, int64(MaxSize>>Height))
	}
	// tlog's number parser wraps around and its spelling of entries differs:
	// only writing it again shows that the path was the tile's one name.
	if Path(t) != path {
		return tlog.Tile{}, fmt.Errorf("tile path %q: not in its one spelling", path)
	}
	return t, nil
}
