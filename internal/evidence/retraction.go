package evidence

import "github.com/sijil/sijil/internal/statement"

// Retraction returns the record that withdraws version n, by itself or with the
// whole publication; n is 0 for the publication. False: it stands.
func (p *Publication) Retraction(n int) (Record, bool) {
	i, ok := p.retractions[n]
	if !ok {
		i, ok = p.retractions[0]
	}
	if !ok {
		return Record{}, false
	}
	return p.records[i], true
}

// Version returns the record of version n.
func (p *Publication) Version(n int) (Record, bool) {
	for _, r := range p.records {
		if r.Edition != nil && r.Edition.Statement().Version == n {
			return r, true
		}
	}
	return Record{}, false
}

// noteRetraction remembers what the newest record withdraws.
func (r *reader) noteRetraction(record Record) {
	if s, ok := record.Statement.(*statement.Retraction); ok {
		n := 0
		if s.Version != nil {
			n = s.Version.Number
		}
		r.p.retractions[n] = len(r.p.records) - 1
	}
}
