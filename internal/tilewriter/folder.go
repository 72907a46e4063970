package tilewriter

import (
	"github.com/sijil/sijil/log/tile"
)

// ReadFolder returns a function that reads tiles as ReadTile does, from a folder
// that no Writer has open. It verifies and changes nothing: it is for checking a
// folder as it lies there. What is not there is fs.ErrNotExist.
func ReadFolder(dir string) func(path string) ([]byte, error) {
	d := &disk{dir: dir}
	return func(path string) ([]byte, error) {
		t, err := tile.ParsePath(path)
		if err != nil {
			return nil, err
		}
		return d.read(t)
	}
}
