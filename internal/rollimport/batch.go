package rollimport

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// next is the progress after a chunk, and the rows of it that can be taken. The others are
// in the file of errors when it returns.
func (i *importer) next(c chunk) (p progress, good []*item, err error) {
	before := i.tip.progress
	p = before
	p.Offset, p.Rows = c.offset, p.Rows+int64(len(c.items))
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	if p.Errors == 0 {
		_ = w.Write([]string{"row", "problem"}) // a buffer takes everything
	}
	for n := range c.items {
		x := &c.items[n]
		if x.err != nil {
			p.Refused++
			_ = w.Write([]string{strconv.FormatInt(x.row, 10), x.err.Error()})
			continue
		}
		good = append(good, x)
		p.Accepted++
		if x.endorser != nil && x.endorser.Claim != nil {
			p.Signed++
		}
	}
	w.Flush()
	if p.Refused == before.Refused {
		return p, good, nil
	}
	if err := i.errors.Truncate(before.Errors); err != nil {
		return p, nil, err
	}
	if _, err := i.errors.WriteAt(out.Bytes(), before.Errors); err != nil {
		return p, nil, err
	}
	p.Errors += int64(out.Len())
	return p, good, i.errors.Sync()
}

// sign makes the batch that follows the newest that is signed.
func (i *importer) sign(good []*item, next progress) (pending, []byte, error) {
	d := roll.NewDocument()
	var rows bytes.Buffer
	for _, x := range good {
		line := []byte(roll.Commitment(x.entry) + "\n")
		if x.endorser == nil {
			d.Add(roll.Commitment(x.entry))
		} else {
			d.Add(x.endorser.Line())
			var err error
			if line, err = x.endorser.Row.Marshal(); err != nil {
				return pending{}, nil, err
			}
		}
		rows.Write(line)
	}
	s := &statement.Batch{Change: i.Change, Count: d.Count(), Issued: i.Clock().UTC().Truncate(time.Second).Format(time.RFC3339), Log: i.Place.Log,
		Number: i.tip.number + 1, Previous: i.tip.record, Publication: i.Place.Publication, Reason: i.Reason, Rows: d.Digest()}
	if i.Change == statement.BatchAdd {
		s.Version = &i.Place.Version
	}
	payload, err := statement.EncodeBatch(s)
	if err != nil {
		return pending{}, nil, err
	}
	b, err := i.Signer.Sign(i.Rand, payload)
	if err != nil {
		return pending{}, nil, err
	}
	bundle, err := b.Marshal()
	if err != nil {
		return pending{}, nil, err
	}
	var body bytes.Buffer
	fmt.Fprintf(&body, "{\"bundle\":%s,\"key\":%q}\n", bundle, base64.StdEncoding.EncodeToString(i.Signer.Public().SPKI()))
	body.Write(rows.Bytes())
	next.Batches = append(next.Batches[:len(next.Batches):len(next.Batches)], Done{Number: s.Number, Record: b.Envelope.Digest(), Index: -1, Rows: s.Count})
	return pending{Body: log.Sum(body.Bytes()), Record: b.Envelope.Digest(), Number: s.Number, Next: next}, body.Bytes(), nil
}
