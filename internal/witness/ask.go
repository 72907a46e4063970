package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// conflictError is a 409 that tells the size a witness holds.
type conflictError struct{ size int64 }

func (e *conflictError) Error() string { return fmt.Sprintf("it holds a tree of %d entries", e.size) }

// ask sends the checkpoint to one witness, with the proof from the size that it
// is known to hold; if it holds another, once more from that one. It returns the
// lines that it answered, unverified, and the size it holds then.
func (c *Collector) ask(ctx context.Context, w *keys.Witness, known int64, cp *log.Checkpoint, checkpoint []byte) (lines []byte, size int64, err error) {
	size = min(known, cp.Size())
	for range 2 {
		if lines, err = c.post(ctx, w, size, cp, checkpoint); err == nil {
			return lines, cp.Size(), nil
		}
		var conflict *conflictError
		if !errors.As(err, &conflict) {
			return nil, size, err
		}
		if conflict.size > cp.Size() {
			return nil, size, fmt.Errorf("it says that it cosigned a tree of %d entries of this log, which has %d: was the log restored from an older copy, or does somebody else use its key?", conflict.size, cp.Size())
		}
		size = conflict.size
	}
	return nil, size, err
}

func (c *Collector) post(ctx context.Context, w *keys.Witness, old int64, cp *log.Checkpoint, checkpoint []byte) ([]byte, error) {
	r := request{old: old, checkpoint: checkpoint}
	if old > 0 && old < cp.Size() {
		var err error
		if r.proof, err = c.Prove(old, cp.Size()); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(w.URL, "/")+"/add-checkpoint", bytes.NewReader(r.marshal()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("it cannot be reached: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("its answer broke off: %w", err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("its answer is over %d bytes", maxAnswer)
	}
	return readAnswer(res, body)
}

func readAnswer(res *http.Response, body []byte) ([]byte, error) {
	switch res.StatusCode {
	case http.StatusOK:
		if len(body) == 0 {
			return nil, errors.New("its answer is empty")
		}
		return body, nil
	case http.StatusConflict:
		if res.Header.Get("Content-Type") != sizeType {
			return nil, errAnother
		}
		n, err := parseSize(strings.TrimSuffix(string(body), "\n"))
		if err != nil {
			return nil, errors.New("it answers 409 without a size")
		}
		return nil, &conflictError{size: n}
	case http.StatusForbidden:
		return nil, errors.New("it does not know the log's key (403): ask who runs it to add the log")
	case http.StatusNotFound:
		return nil, errors.New("it does not follow this log, or is not at this address (404)")
	case http.StatusUnprocessableEntity:
		return nil, errors.New("it refuses the tree: the consistency proof does not hold for what it cosigned (422)")
	}
	return nil, fmt.Errorf("it answers %d", res.StatusCode)
}
