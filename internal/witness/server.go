package witness

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	fmtlog "github.com/transparency-dev/formats/log"
	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Server cosigns the checkpoints of the logs it follows. It is an http.Handler
// for POST /add-checkpoint, safe for concurrent use.
type Server struct {
	folder *Folder
	signer *cosignature.Signer
	logger *slog.Logger
	// step is called before each step of a cosigning; an error ends it there.
	// Tests set it to stand for a crash; nil otherwise.
	step func(name string) error
}

// NewServer returns the server of a witness's folder, which the caller closes
// after it.
func NewServer(f *Folder, logger *slog.Logger) (*Server, error) {
	s, err := cosignature.NewSignerForCosignatureV1(f.key)
	if err != nil {
		return nil, fmt.Errorf("witness key: %w", err)
	}
	return &Server{folder: f, signer: s, logger: logger}, nil
}

// refusal is an answer other than 200.
type refusal struct {
	status int
	body   string
	size   bool // body is the size that the witness holds
}

func (r *refusal) Error() string { return r.body }

func refuse(status int, format string, a ...any) error {
	return &refusal{status: status, body: fmt.Sprintf(format, a...)}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if r.URL.Path != "/add-checkpoint" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodPost {
		h.Set("Allow", http.MethodPost)
		http.Error(w, "want POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, fmt.Sprintf("the request is over %d bytes, or broke off", maxRequest), http.StatusBadRequest)
		return
	}
	lines, err := s.add(body)
	var no *refusal
	switch {
	case errors.As(err, &no):
		if no.size {
			h.Set("Content-Type", sizeType)
		}
		w.WriteHeader(no.status)
		io.WriteString(w, no.body+"\n")
	case err != nil:
		s.logger.ErrorContext(r.Context(), "a checkpoint could not be cosigned", "error", err)
		http.Error(w, "the witness cannot cosign at the moment", http.StatusInternalServerError)
	default:
		w.Write(lines)
	}
}

// add cosigns the checkpoint of a request and returns the cosignature line.
func (s *Server) add(body []byte) ([]byte, error) {
	r, err := parseRequest(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	origin, _, _ := strings.Cut(string(r.checkpoint), "\n")
	l := s.folder.find(origin)
	if l == nil {
		return nil, refuse(http.StatusNotFound, "this witness does not follow a log of this origin")
	}
	n, err := note.Open(r.checkpoint, note.VerifierList(l.verifier))
	if err != nil {
		return nil, refuse(http.StatusForbidden, "the checkpoint is not signed by the key by which this witness knows the log")
	}
	t, err := parseTree(n.Text, origin)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	if r.old > t.N {
		return nil, refuse(http.StatusBadRequest, "the old size is larger than the checkpoint's")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return s.cosign(l, n, r, t)
}

// cosign decides. The caller holds l.mu.
func (s *Server) cosign(l *followed, n *note.Note, r request, t tlog.Tree) ([]byte, error) {
	last := l.last
	switch {
	case r.old != last.N:
		return nil, &refusal{status: http.StatusConflict, body: strconv.FormatInt(last.N, 10), size: true}
	case t.N == last.N && t.Hash != last.Hash && last.N > 0:
		s.accuse(l, r.checkpoint, "two trees of one size")
		return nil, refuse(http.StatusConflict, "this witness cosigned another tree of this size")
	case (r.old == 0 || r.old == t.N) && len(r.proof) > 0:
		return nil, refuse(http.StatusUnprocessableEntity, "a proof where none is needed")
	case r.old > 0 && r.old < t.N:
		if err := tlog.CheckTree(r.proof, t.N, t.Hash, last.N, last.Hash); err != nil {
			// The proof may be the requester's fault: no accusation.
			return nil, refuse(http.StatusUnprocessableEntity, "the proof does not hold")
		}
	}
	// If we die after this, the tree counts as cosigned and nobody has the
	// cosignature: the log asks again.
	if err := s.at("store"); err != nil {
		return nil, err
	}
	if err := s.folder.store(l, r.checkpoint, t); err != nil {
		return nil, err
	}
	if err := s.at("sign"); err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: n.Text}, s.signer)
	if err != nil {
		return nil, err
	}
	return signed[len(n.Text)+1:], nil
}

// accuse keeps two checkpoints that prove that a log misbehaved.
func (s *Server) accuse(l *followed, checkpoint []byte, rule string) {
	path, err := s.folder.keep(l, checkpoint)
	if err != nil {
		s.logger.Error("the log misbehaved, and the proof could not be kept", "log", l.origin, "rule", rule, "error", err)
		return
	}
	s.logger.Error("the log misbehaved: it signed "+rule, "log", l.origin, "proof", path)
}

func (s *Server) at(step string) error {
	if s.step == nil {
		return nil
	}
	return s.step(step)
}

// parseTree reads the size and root of a checkpoint of any log; lines after the
// root are cosigned with the rest, and not looked at.
func parseTree(text, origin string) (tlog.Tree, error) {
	var c fmtlog.Checkpoint
	if _, err := c.Unmarshal([]byte(text)); err != nil {
		return tlog.Tree{}, fmt.Errorf("the checkpoint is malformed: %w", err)
	}
	if c.Origin != origin || len(c.Hash) != tlog.HashSize || c.Size > 1<<62 {
		return tlog.Tree{}, errors.New("the checkpoint is malformed: size or root hash out of range")
	}
	t := tlog.Tree{N: int64(c.Size), Hash: tlog.Hash(c.Hash)}
	if empty, _ := tlog.TreeHash(0, nil); t.N == 0 && t.Hash != empty {
		return tlog.Tree{}, errors.New("the checkpoint is of no entries, and its root is not that of an empty tree")
	}
	return t, nil
}
