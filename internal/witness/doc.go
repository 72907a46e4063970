// Package witness is both sides of C2SP tlog-witness: a Collector, by which a
// log has its checkpoints cosigned, and a Server, which cosigns the checkpoints
// of logs that it follows.
//
// The one request is POST <address>/add-checkpoint, with the body
//
//	old 7
//	<consistency proof from 7 to the checkpoint's size, a base64 hash a line>
//
//	sijil.example
//	9
//	<root>
//
//	— sijil.example <signature>
//
// and the answers
//
//	200  cosignature lines
//	400  not of this form, or the old size is larger than the checkpoint's
//	403  not signed by the log's key
//	404  an origin that the witness does not follow
//	409  the witness holds another size, which is the body (text/x.tlog.size),
//	     or another root of the same size
//	422  the proof does not hold
//
// A Server never cosigns a tree that does not extend the last one it cosigned,
// whatever happens to it in between: what it is about to cosign is durable
// before the cosignature leaves. It is what keeps a log from showing two
// histories.
package witness

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Bounds of a request and an answer, in bytes.
const (
	maxRequest = 64 << 10
	maxAnswer  = 64 << 10
)

// maxProof is the most hashes of a consistency proof (tlog-witness).
const maxProof = 63

// sizeType is the content type of a 409 that tells the witness's size.
const sizeType = "text/x.tlog.size"

// request is the body of add-checkpoint.
type request struct {
	old        int64
	proof      tlog.TreeProof
	checkpoint []byte
}

func (r request) marshal() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", r.old)
	for _, h := range r.proof {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(r.checkpoint)
	return []byte(b.String())
}

// parseRequest accepts what marshal writes.
func parseRequest(b []byte) (request, error) {
	head, checkpoint, ok := strings.Cut(string(b), "\n\n")
	if !ok {
		return request{}, errors.New("want an empty line before the checkpoint")
	}
	lines := strings.Split(head, "\n")
	size, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return request{}, errors.New("want a first line `old <size>`")
	}
	r := request{checkpoint: []byte(checkpoint)}
	var err error
	if r.old, err = parseSize(size); err != nil {
		return request{}, err
	}
	if len(lines)-1 > maxProof {
		return request{}, fmt.Errorf("a proof of more than %d hashes", maxProof)
	}
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(h) != tlog.HashSize {
			return request{}, errors.New("a proof line that is no hash in base64")
		}
		r.proof = append(r.proof, tlog.Hash(h))
	}
	if string(r.marshal()) != string(b) {
		return request{}, errors.New("not the one encoding of its values")
	}
	return r, nil
}

// parseSize reads a tree size: decimal digits without sign or leading zeros.
func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, errors.New("a size that is no number")
	}
	return n, nil
}
