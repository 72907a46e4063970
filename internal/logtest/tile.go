package logtest

import (
	"encoding/binary"
	"maps"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// Tiles returns every tile and entry bundle of the tree at a size, by path, as a
// static copy of the log holds them. An entry over 65,535 bytes is written as it
// can be: with a length that is not its own.
func (l *Log) Tiles(size int64) Documents {
	l.t.Helper()
	out := Documents{}
	for level := 0; size>>(level*tile.Height) > 0; level++ {
		for n := int64(0); ; n++ {
			t, ok := tile.At(level, n, uint64(size))
			if !ok {
				break
			}
			data, err := tlog.ReadTileData(t, l)
			check(l.t, err)
			out[tile.Path(t)] = data
			if level == 0 {
				t.L = tile.EntriesLevel
				out[tile.Path(t)] = EntryBundle(l.entries[n*tile.Width:][:t.W])
			}
		}
	}
	return out
}

// EntryBundle encodes entries without asking whether that is allowed.
func EntryBundle(entries [][]byte) []byte {
	var b []byte
	for _, e := range entries {
		b = binary.BigEndian.AppendUint16(b, uint16(len(e)))
		b = append(b, e...)
	}
	return b
}

// Merge returns all documents; of two at one path the later.
func Merge(all ...Documents) Documents {
	out := Documents{}
	for _, d := range all {
		maps.Copy(out, d)
	}
	return out
}
