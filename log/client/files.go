package client

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// Files yields the files of the tree, each as wide as the tree has it: the entry
// bundles with the tiles over them from left to right, then the higher tiles.
// Each is verified as in Entries before it is yielded. Files that a tree of size
// from has as wide are left out: who copied that tree has them. The data must
// not be changed; an error from yield ends it and is returned as it is.
func Files(ctx context.Context, f Fetcher, t Tree, from uint64, yield func(path string, data []byte) error) error {
	if from > t.Size {
		return fmt.Errorf("files from size %d on: the tree has size %d", from, t.Size)
	}
	v, err := verifier(ctx, f, t)
	if err != nil || from == t.Size {
		return err
	}
	err = groups(ctx, f, v, t, from, t.Size, func(p part) error {
		for _, file := range p.files {
			if had, _ := tile.At(file.tile.L, file.tile.N, from); had.W == file.tile.W {
				continue
			}
			if err := yield(tile.Path(file.tile), file.data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return upper(ctx, v, t, from, yield)
}

// upper yields the tiles above level 0 that a tree of size from has not.
func upper(ctx context.Context, v *tile.Verifier, t Tree, from uint64, yield func(path string, data []byte) error) error {
	for level := 1; t.Size>>(level*tile.Height) > 0; level++ {
		for n := int64(from >> ((level + 1) * tile.Height)); ; n++ {
			want, ok := tile.At(level, n, t.Size)
			if !ok {
				break
			}
			if had, _ := tile.At(level, n, from); had.W == want.W {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			data, err := v.Tiles([]tlog.Tile{want})
			if err != nil {
				return err
			}
			if err := yield(tile.Path(want), data[0]); err != nil {
				return err
			}
		}
	}
	return nil
}
