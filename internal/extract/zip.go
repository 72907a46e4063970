package extract

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What an archive may hold.
const (
	maxParts  = 2000
	maxExpand = 64 << 20 // of all parts that are read
	maxRatio  = 200
	minRatio  = 64 << 10 // parts so small may be compressed to nothing
)

// encryptedFlag marks a part that cannot be read without a password.
const encryptedFlag = 1

// An archive is a zip whose parts are read within bounds.
type archive struct {
	files map[string]*zip.File
	read  int64
}

// openArchive reads the directory of an archive. Two parts of one name are an
// error: programs do not agree about which one counts.
func openArchive(file []byte) (*archive, error) {
	// The directory's own count is checked first, since the reader makes room for
	// each part that it lists.
	if n := bytes.Count(file, []byte("PK\x01\x02")); n > maxParts {
		return nil, &Error{CodeExpands, fmt.Sprintf("more than %d parts", maxParts), alone}
	}
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, damaged("an archive that is cut off or damaged")
	}
	a := &archive{files: make(map[string]*zip.File, len(r.File))}
	for _, f := range r.File {
		name := strings.ToLower(strings.TrimPrefix(f.Name, "/"))
		if a.files[name] != nil {
			return nil, damaged("two of its parts have the same name")
		}
		a.files[name] = f
	}
	return a, nil
}

// has tells whether there is a part of that name.
func (a *archive) has(name string) bool { return a.files[partName(name)] != nil }

func partName(name string) string { return strings.ToLower(strings.TrimPrefix(name, "/")) }

// part returns the bytes of one part, nil when there is none.
func (a *archive) part(name string) ([]byte, error) {
	f := a.files[partName(name)]
	if f == nil {
		return nil, nil
	}
	if f.Flags&encryptedFlag != 0 {
		return nil, encrypted()
	}
	size := f.UncompressedSize64
	if size > minRatio && size > maxRatio*f.CompressedSize64 || size > maxExpand || a.read+int64(size) > maxExpand {
		return nil, expands()
	}
	r, err := f.Open()
	if err != nil {
		return nil, damaged("a part of the archive cannot be read")
	}
	defer r.Close()
	// The size that is written in the directory may be a lie.
	b, err := io.ReadAll(io.LimitReader(r, int64(size)+1))
	a.read += int64(len(b))
	if uint64(len(b)) > size {
		return nil, expands()
	}
	if err != nil {
		if errors.Is(err, zip.ErrAlgorithm) {
			return nil, encrypted()
		}
		return nil, damaged("a part of the archive is cut off or damaged")
	}
	return b, nil
}

func expands() *Error {
	return &Error{CodeExpands, "a compressed part grows beyond what is read", alone}
}

func encrypted() *Error {
	return &Error{CodeEncrypted, "the file is locked with a password", "open it with the password, copy the text, and check what you copied"}
}
