package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/keys"
)

// exported says what an evidence folder holds.
type exported struct{ records, batches int }

// write opens the publication until all its proofs, and those of its roll, lead to one
// checkpoint: a busy log grows between two answers, and a folder has no tiles to bridge
// it.
func (f exportFlags) write(ctx context.Context, env Env, trust *keys.Trust, slug string) (exported, error) {
	const tries = 10
	state, err := env.state(trust)
	if err != nil {
		return exported{}, err
	}
	memory, err := state.Load()
	if err != nil {
		return exported{}, err
	}
	for range tries {
		src, o, err := verifyFlags{server: f.server}.source(env, trust, slug, memory)
		if err != nil {
			return exported{}, err
		}
		pub, err := evidence.Open(ctx, src, o)
		if err != nil {
			return exported{}, err
		}
		memory = pub.Remember(memory)
		if err := state.Save(memory); err != nil {
			return exported{}, err
		}
		if !pub.OneTree() {
			continue
		}
		bar := newProgress(env, false)
		bar.what = "batches of the roll"
		got, err := f.writeFolder(ctx, pub, trust, src, bar.show)
		bar.clear()
		if !errors.Is(err, evidence.ErrMoved) {
			return got, err
		}
		if err := moment(ctx); err != nil {
			return exported{}, err
		}
	}
	return exported{}, withHint(fmt.Errorf("the log grew during each of %d tries", tries), "try again in a quieter moment")
}

// writeFolder writes the folder under another name and renames it when it is whole, so
// that a folder of the name asked for is always complete.
func (f exportFlags) writeFolder(ctx context.Context, pub *evidence.Publication, trust *keys.Trust, src evidence.Source, progress func(done, total int64)) (exported, error) {
	got := exported{records: len(pub.Records())}
	parent := filepath.Dir(filepath.Clean(f.out))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return got, err
	}
	temp, err := os.MkdirTemp(parent, ".sijil-export-*")
	if err != nil {
		return got, err
	}
	defer os.RemoveAll(temp)
	put := func(name string, b []byte) error {
		path := filepath.Join(temp, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return createFile(path, b, 0o644)
	}
	if !f.noRoll {
		if got.batches, err = pub.PackRoll(ctx, src, put, progress); err != nil {
			return got, err
		}
	}
	files, err := pub.Pack(trust)
	if err != nil {
		return got, err
	}
	if got.batches > 0 {
		files["README.txt"] = append(files["README.txt"], evidence.RollNotice(pub.Slug(), got.batches)...)
	}
	for name, b := range files {
		if err := put(name, b); err != nil {
			return got, err
		}
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return got, err
	}
	return got, os.Rename(temp, f.out)
}
