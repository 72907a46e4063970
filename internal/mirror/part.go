package mirror

import "github.com/sijil/sijil/internal/evidence"

// parts writes what signatories said, and takes it out of docs. The last part comes first:
// whoever reads the folder meanwhile, or after a crash, finds no full part without the next.
// What the folder has beyond the last part goes, as it may be about a name that was withheld;
// the newest first, so that the next update finds what a crash leaves.
func (m *mirror) parts(pub *evidence.Publication, docs map[string][]byte) error {
	path := func(n int) string { return evidence.Layout{}.Endorsements(pub.Slug(), n) }
	last := pub.EndorsementParts()
	for n := last; n > 0; n-- {
		if b, ok := docs[path(n)]; ok {
			if err := m.w.put(path(n), b); err != nil {
				return err
			}
		}
	}
	for n := 1; ; n++ { // also those of a reading before this one
		if _, ok := docs[path(n)]; !ok && n > last {
			break
		}
		delete(docs, path(n))
	}
	end := last + 1
	for m.w.has(path(end)) {
		end++
	}
	for n := end - 1; n > last; n-- {
		if err := m.w.remove(path(n)); err != nil {
			return err
		}
	}
	return nil
}
