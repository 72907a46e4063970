package keys

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Bounds of a policy: its text in bytes, and its parts.
const (
	maxPolicy    = 256 << 10 // an ML-DSA-44 key has 1,790 characters
	maxWitnesses = 64
	maxGroups    = 64
)

// ParsePolicy reads a policy; errors name the line and the rule.
func ParsePolicy(text string) (*Policy, error) {
	if len(text) > maxPolicy {
		return nil, fmt.Errorf("policy: over %d bytes", maxPolicy)
	}
	r := &policyReader{p: &Policy{text: text}, named: map[string]*component{}, used: map[*component]bool{}}
	for i, line := range strings.Split(text, "\n") {
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("policy: line %d: %w", i+1, err)
		}
	}
	switch {
	case r.p.log == nil:
		return nil, errors.New("policy: no log line")
	case !r.decided:
		return nil, errors.New("policy: no quorum line (write `quorum none` to ask for no witness)")
	}
	return r.p, nil
}

// policyReader is the state between lines.
type policyReader struct {
	p       *Policy
	named   map[string]*component
	used    map[*component]bool // members of a group
	groups  int
	decided bool // a quorum line was read
}

var policyName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`) })

func (r *policyReader) line(line string) error {
	fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(fields) == 0 || strings.HasPrefix(line, "#") {
		return nil
	}
	switch word, args := fields[0], fields[1:]; word {
	case "log":
		return r.logLine(args)
	case "witness":
		return r.witnessLine(args)
	case "group":
		return r.groupLine(args)
	case "quorum":
		return r.quorumLine(args)
	default:
		return fmt.Errorf("unknown word %q", clip(word))
	}
}

func (r *policyReader) logLine(args []string) error {
	if len(args) != 1 {
		return errors.New("log: want `log <verifier key>`")
	}
	if r.p.log != nil {
		return errors.New("log: only one log is supported")
	}
	key, err := ParseLogKey(args[0])
	r.p.log = key
	return err
}

func (r *policyReader) witnessLine(args []string) error {
	if len(args) != 2 && len(args) != 3 {
		return errors.New("witness: want `witness <name> <verifier key> [<address>]`")
	}
	if len(r.p.witnesses) == maxWitnesses {
		return fmt.Errorf("witness: more than %d", maxWitnesses)
	}
	address := ""
	if len(args) == 3 {
		address = args[2]
	}
	w, err := newWitness(args[0], args[1], address)
	if err != nil {
		return err
	}
	for _, other := range r.p.witnesses {
		if other.Key == w.Key || other.made(w.verifier.Name(), w.verifier.KeyHash()) {
			return fmt.Errorf("witness: the key of %q is that of %q too", clip(w.Name), other.Name)
		}
	}
	if err := r.define(args[0], &component{witness: w}); err != nil {
		return err
	}
	r.p.witnesses = append(r.p.witnesses, w)
	return nil
}

func (r *policyReader) groupLine(args []string) error {
	if len(args) < 3 {
		return errors.New("group: want `group <name> <any|all|number> <member> …`")
	}
	if r.groups++; r.groups > maxGroups {
		return fmt.Errorf("group: more than %d", maxGroups)
	}
	g := &component{}
	for _, name := range args[2:] {
		m, ok := r.named[name]
		if !ok {
			return fmt.Errorf("group: member %q is not defined before this line", clip(name))
		}
		if r.used[m] {
			return fmt.Errorf("group: %q is a member already: it would count twice", clip(name))
		}
		r.used[m] = true
		g.members = append(g.members, m)
	}
	switch args[1] {
	case "any":
		g.threshold = 1
	case "all":
		g.threshold = len(g.members)
	default:
		n, err := strconv.Atoi(args[1])
		if err != nil || strconv.Itoa(n) != args[1] || n < 1 || n > len(g.members) {
			return fmt.Errorf("group: threshold %q: want any, all, or 1 to %d", clip(args[1]), len(g.members))
		}
		g.threshold = n
	}
	return r.define(args[0], g)
}

func (r *policyReader) quorumLine(args []string) error {
	if r.decided {
		return errors.New("quorum: given twice")
	}
	if len(args) != 1 {
		return errors.New("quorum: want `quorum <name>` or `quorum none`")
	}
	r.decided = true
	if args[0] == "none" {
		return nil
	}
	c, ok := r.named[args[0]]
	if !ok {
		return fmt.Errorf("quorum: %q is not defined before this line", clip(args[0]))
	}
	r.p.quorum = c
	return nil
}

func (r *policyReader) define(name string, c *component) error {
	switch {
	case name == "none" || !policyName().MatchString(name):
		return fmt.Errorf("name %q: want up to 64 letters, digits, dots, dashes or underscores, not none", clip(name))
	case r.named[name] != nil:
		return fmt.Errorf("name %q is defined already", clip(name))
	}
	r.named[name] = c
	return nil
}
