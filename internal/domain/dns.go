package domain

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/sijil/sijil/log"
)

// label is put before the domain; no host can have the name (RFC 8552).
const label = "_sijil."

// maxName is the most characters of a name in the DNS.
const maxName = 253

// DNS reads the domain's TXT records. That there are none is a Seen without lines.
// Errors are ErrTemporary, ErrRefused, or that of ctx.
func (c *Checker) DNS(ctx context.Context, domain string) (*Seen, error) {
	if err := check(domain); err != nil {
		return nil, fmt.Errorf("domain: %w", err)
	}
	if len(label+domain) > maxName {
		return nil, fmt.Errorf("domain %s: %w: too long for a name under it", domain, ErrRefused)
	}
	limited, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	// With the dot at its end no resolver tries the name under its own search domains.
	records, err := c.config.Resolver.LookupTXT(limited, label+domain+".")
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("domain %s: %w", domain, ctx.Err())
	case errors.As(err, &dns) && dns.IsNotFound:
		records = nil
	case err != nil:
		return nil, fmt.Errorf("domain %s: %w: the DNS does not answer", domain, ErrTemporary)
	}
	s := &Seen{domain: domain, via: DNS}
	if err := s.readRecords(records); err != nil {
		return nil, fmt.Errorf("domain %s: %w", domain, err)
	}
	s.at = c.config.Clock().UTC()
	return s, nil
}

// readRecords reads a record set, which has no order and holds nothing twice
// (RFC 2181 §5): its records are sorted, so that the same set has the same digest.
func (s *Seen) readRecords(records []string) error {
	if len(records) == 0 {
		return nil
	}
	if len(records) > maxRecords {
		return fmt.Errorf("%w: more than %d TXT records", ErrRefused, maxRecords)
	}
	records = slices.Clone(records)
	slices.Sort(records)
	records = slices.Compact(records)
	body := strings.Join(records, "\n") + "\n"
	if len(body) > MaxBody {
		return fmt.Errorf("%w: TXT records of more than %d bytes", ErrRefused, MaxBody)
	}
	// A line end inside a record would give two sets one digest.
	if strings.Count(body, "\n") != len(records) {
		return fmt.Errorf("%w: a TXT record with a line end", ErrRefused)
	}
	s.body = log.Sum([]byte(body))
	var err error
	s.said, err = read(records)
	return err
}
