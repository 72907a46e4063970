package api

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/sijil/sijil/internal/match"
)

// maxLookup bounds the body: MaxFingerprints of eight digits, quoted, and a comma.
const maxLookup = match.MaxFingerprints*12 + 1<<10

type lookupRequest struct {
	Fingerprints []string `json:"fingerprints"` // eight hexadecimal digits each
}

type lookupAnswer struct {
	Candidates []match.Lead `json:"candidates"`
}

// postLookup names the publications from which a copy may come. Nothing of the
// request is kept or logged.
func (a *api) postLookup(w http.ResponseWriter, r *http.Request) error {
	var in lookupRequest
	if err := readJSON(w, r, maxLookup, &in); err != nil {
		return err
	}
	if len(in.Fingerprints) > match.MaxFingerprints {
		return &requestError{http.StatusBadRequest, "fingerprints", "more than " + strconv.Itoa(match.MaxFingerprints) + " fingerprints"}
	}
	fps := make([]uint32, len(in.Fingerprints))
	for i, s := range in.Fingerprints {
		fp, err := strconv.ParseUint(s, 16, 32)
		if err != nil || len(s) != 8 {
			return &requestError{http.StatusBadRequest, "fingerprints", "a fingerprint has eight hexadecimal digits"}
		}
		fps[i] = uint32(fp)
	}
	return writeAnswer(w, new(bytes.Buffer), lookupAnswer{a.Service.Lookup(fps)})
}
