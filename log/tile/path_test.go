package tile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
)

var pathTests = []struct {
	path string
	tile tlog.Tile
}{
	{"tile/0/000", tlog.Tile{H: 8, L: 0, N: 0, W: 256}},
	{"tile/0/000.p/1", tlog.Tile{H: 8, L: 0, N: 0, W: 1}},
	{"tile/0/999.p/255", tlog.Tile{H: 8, L: 0, N: 999, W: 255}},
	{"tile/0/x001/x234/067.p/8", tlog.Tile{H: 8, L: 0, N: 1234067, W: 8}},
	{"tile/63/x001/000", tlog.Tile{H: 8, L: 63, N: 1000, W: 256}},
	{"tile/entries/000", tlog.Tile{H: 8, L: EntriesLevel, N: 0, W: 256}},
	{"tile/entries/x001/x234/067.p/8", tlog.Tile{H: 8, L: EntriesLevel, N: 1234067, W: 8}},
	{"tile/entries/x004/x503/x599/x627/x370/496.p/255", tlog.Tile{H: 8, L: EntriesLevel, N: MaxSize >> Height, W: 255}},
}

func TestPath(t *testing.T) {
	for _, tt := range pathTests {
		if got := Path(tt.tile); got != tt.path {
			t.Errorf("Path(%+v) = %q, want %q", tt.tile, got, tt.path)
		}
		got, err := ParsePath(tt.path)
		if err != nil {
			t.Errorf("ParsePath(%q): %v", tt.path, err)
		}
		if diff := cmp.Diff(tt.tile, got); diff != "" {
			t.Errorf("ParsePath(%q) (-want +got):\n%s", tt.path, diff)
		}
	}
}

var badPaths = []string{
	"", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile//000",
	"tile/8/0/000",     // tlog's own spelling
	"tile/data/000",    // also tlog's
	"tile/entries",     // no index
	"tile/00/000",      // leading zero
	"tile/64/000",      // level
	"tile/-1/000",      // tlog's level of entries
	"tile/+1/000",      // a sign
	"tile/0/0",         // not three digits
	"tile/0/1000",      // four digits
	"tile/0/x000/001",  // a group too many
	"tile/0/001/000",   // no x
	"tile/0/x001/x000", // x on the last group
	"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/+1", "tile/0/000.p/", "tile/0/000.p",
	"tile/0/../000", "tile/0/000%2ep/1", "tile/0/000.P/1", "tile/0/ 00", "tile/0/٠٠٠",
	"tile/entries/x004/x503/x599/x627/x370/497",   // index over the largest tree
	"tile/0/x018/x446/x744/x073/x709/x551/616",    // 2^64: wraps round to 0
	"tile/0/" + strings.Repeat("x000/", 20) + "0", // too long
}

func TestParsePathRefuses(t *testing.T) {
	for _, p := range badPaths {
		got, err := ParsePath(p)
		if err == nil {
			t.Errorf("ParsePath(%q) = %+v, want an error", p, got)
		}
		if got != (tlog.Tile{}) {
			t.Errorf("ParsePath(%q) = %+v with an error, want the zero tile", p, got)
		}
	}
}

func TestAt(t *testing.T) {
	for _, tt := range []struct {
		level int
		n     int64
		size  uint64
		width int
	}{
		{0, 0, 0, 0}, {0, 0, 1, 1}, {EntriesLevel, 0, 1, 1}, {1, 0, 255, 0},
		{0, 0, 256, 256}, {0, 1, 256, 0}, {1, 0, 256, 1},
		// The example of C2SP tlog-tiles.
		{0, 272, 70000, 256}, {0, 273, 70000, 112}, {0, 274, 70000, 0},
		{1, 0, 70000, 256}, {1, 1, 70000, 17}, {2, 0, 70000, 1}, {2, 1, 70000, 0}, {3, 0, 70000, 0},
		{0, -1, 70000, 0}, {64, 0, 70000, 0}, {-2, 0, 70000, 0}, {0, 1 << 62, 70000, 0},
		{7, 0, MaxSize, 16}, {0, 0, MaxSize + 1, 0},
	} {
		got, ok := At(tt.level, tt.n, tt.size)
		if got.W != tt.width || ok != (tt.width > 0) {
			t.Errorf("At(%d, %d, %d) = %+v, %v, want width %d", tt.level, tt.n, tt.size, got, ok, tt.width)
		}
	}
}

// The package comment's tree of 1,000 entries is what tlog says of it.
func TestTilesOfThousand(t *testing.T) {
	want := []string{"tile/0/000", "tile/0/001", "tile/0/002", "tile/0/003.p/232", "tile/1/000.p/3"}
	var got []string
	for _, nt := range tlog.NewTiles(Height, 0, 1000) {
		got = append(got, Path(nt))
		if at, ok := At(nt.L, nt.N, 1000); !ok || at != nt {
			t.Errorf("At(%d, %d, 1000) = %+v, %v, want %+v", nt.L, nt.N, at, ok, nt)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tiles of 1,000 entries (-want +got):\n%s", diff)
	}
}

// What parses writes again to the same bytes.
func FuzzParsePath(f *testing.F) {
	for _, tt := range pathTests {
		f.Add(tt.path)
	}
	for _, p := range badPaths {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, err := ParsePath(path)
		if err != nil {
			return
		}
		if again := Path(got); again != path {
			t.Fatalf("ParsePath(%q) = %+v, which writes as %q", path, got, again)
		}
		if got.H != Height || got.L < EntriesLevel || got.L > 63 || got.N < 0 || got.W < 1 || got.W > Width {
			t.Fatalf("ParsePath(%q) = %+v, out of range", path, got)
		}
	})
}
