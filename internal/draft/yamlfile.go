package draft

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sijil/sijil/internal/signatory"
)

// Names of the files of a folder, text.<lang>.txt apart.
const (
	headerFile      = "publication.yaml"
	signatoriesFile = "signatories.yaml"
)

// maxYAML is the size of the largest YAML file: 10,000 entries with their flags.
const maxYAML = 32 << 20

const headerComment = `What this version of the declaration is, and what looks odd in its text.
Edit the values; comments of your own are not kept.

  slug        the short name in addresses: small letters a-z, digits, hyphens
  title       for each language
  date        of the declaration, year-month-day; may stay empty
  place_date  the line with place and date as it stands beside the list
  reason      what changed in this version and why, in one or two sentences

Under "flags" stands what looks odd in the text. For each, either correct the
text file yourself, or write one of these words behind "resolution:"

  as-given    it is right as it stands
  repaired    carry out the proposed repair

A version cannot be published while a resolution is empty.
`

const signatoriesComment = `The signatory list. One that names persons is shown by name, so that a name that is
withheld later is not known by its neighbours (sijil publish --keep-order); any other
in this order. Edit the values; comments of your own are not kept.

  name        as the signatory writes it
  language    of the name: en, fr, ar …; may be left out
  kind        organisation or person
  role        of a person; may be left out
  country     two capitals (MA, TN, …); may be left out
  domain      the organisation's own web domain; may be left out

To add a signatory, copy an entry, give it a new id and leave out the flags.
Under "flags" stands what looks odd. For each, either correct the entry yourself,
or write one of these words behind "resolution:"

  as-given    it is right as it stands
  repaired    carry out the proposed repair
  removed     take this entry off the list

A version cannot be published while a resolution is empty.
`

// list is signatories.yaml.
type list struct {
	Entries []Entry `yaml:"entries"`
	Removed []Entry `yaml:"removed"`
}

func encodeYAML(comment string, v any) ([]byte, error) {
	var b bytes.Buffer
	for s := range strings.SplitSeq(strings.TrimSuffix(comment, "\n"), "\n") {
		b.WriteString(strings.TrimRight("# "+s, " ") + "\n")
	}
	b.WriteByte('\n')
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

// decodeYAML reads exactly one document without unknown keys, aliases or tags of
// its own, and returns its nodes for the line numbers.
func decodeYAML(b []byte, v any) (*yaml.Node, error) {
	if len(b) > maxYAML {
		return nil, fmt.Errorf("%d bytes, at most %d", len(b), maxYAML)
	}
	var root yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&root); errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	} else if err != nil {
		return nil, yamlError(err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document (a line ---)")
	}
	if err := plain(&root); err != nil {
		return nil, err
	}
	strict := yaml.NewDecoder(bytes.NewReader(b))
	strict.KnownFields(true)
	if err := strict.Decode(v); err != nil {
		return nil, yamlError(err)
	}
	return root.Content[0], nil
}

// plain refuses what makes two spellings of one file mean different things to
// different readers.
func plain(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return fmt.Errorf("line %d: anchors and aliases are not allowed", n.Line)
	}
	if n.Style&yaml.TaggedStyle != 0 {
		return fmt.Errorf("line %d: tags are not allowed", n.Line)
	}
	for _, c := range n.Content {
		if err := plain(c); err != nil {
			return err
		}
	}
	return nil
}

// yamlError brings the parser's messages into one form: "line 3: …".
func yamlError(err error) error {
	var types *yaml.TypeError
	if errors.As(err, &types) {
		text := strings.Join(types.Errors, "; ")
		for _, name := range []string{"Header", "list", "Entry", "Flag", "Proposal", "Source"} {
			text = strings.ReplaceAll(text, " not found in type draft."+name, " is not known here")
		}
		return errors.New(text)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
}

// child returns the value of a key, or the element of a sequence, with its line.
func child(n *yaml.Node, key string, i int) *yaml.Node {
	if n == nil {
		return nil
	}
	if key == "" {
		if n.Kind == yaml.SequenceNode && i < len(n.Content) {
			return n.Content[i]
		}
		return nil
	}
	if n.Kind == yaml.MappingNode {
		for k := 0; k+1 < len(n.Content); k += 2 {
			if n.Content[k].Value == key {
				return n.Content[k+1]
			}
		}
	}
	return nil
}

// placesOf says where the values of a mapping begin.
func placesOf(n *yaml.Node) map[string]position {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	out := map[string]position{}
	for k := 0; k+1 < len(n.Content); k += 2 {
		out[n.Content[k].Value] = position{n.Content[k+1].Line, n.Content[k+1].Column}
	}
	return out
}

func lineOf(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	return n.Line
}

func parseHeader(b []byte) (Header, error) {
	var h Header
	root, err := decodeYAML(b, &h)
	if err != nil {
		return Header{}, err
	}
	ids := map[string]bool{}
	for i := range h.Flags {
		f := &h.Flags[i]
		f.yamlLine = lineOf(child(child(root, "flags", 0), "", i))
		if err := checkFlag(*f, ids); err != nil {
			return Header{}, fmt.Errorf("line %d: %w", f.yamlLine, err)
		}
		if f.File == "" {
			return Header{}, fmt.Errorf("line %d: flag %s: file is missing", f.yamlLine, f.ID)
		}
	}
	return h, nil
}

func parseList(b []byte) (list, error) {
	var l list
	root, err := decodeYAML(b, &l)
	if err != nil {
		return list{}, err
	}
	numbers, ids := map[int]bool{}, map[string]bool{}
	for key, entries := range map[string][]Entry{"entries": l.Entries, "removed": l.Removed} {
		for i := range entries {
			e := &entries[i]
			n := child(child(root, key, 0), "", i)
			e.yamlLine, e.places = lineOf(n), placesOf(n)
			if e.ID < 1 || e.ID > 1<<30 || numbers[e.ID] {
				return list{}, fmt.Errorf("line %d: id %d: want a number of its own, 1 or more", e.yamlLine, e.ID)
			}
			numbers[e.ID] = true
			if e.Kind != signatory.Organisation && e.Kind != signatory.Person {
				return list{}, fmt.Errorf("line %d: entry %d: kind %q: want %s or %s", e.yamlLine, e.ID, e.Kind, signatory.Organisation, signatory.Person)
			}
			for j := range e.Flags {
				f := &e.Flags[j]
				f.entry, f.yamlLine = e.ID, lineOf(child(child(n, "flags", 0), "", j))
				if err := checkFlag(*f, ids); err != nil {
					return list{}, fmt.Errorf("line %d: entry %d: %w", f.yamlLine, e.ID, err)
				}
			}
		}
	}
	return l, nil
}

var rules = setOf(strings.Join([]string{string(GluedNumber), string(TwoOnOneLine), string(DestroyedAddress), string(ProbableDuplicate),
	string(ProbablePerson), string(RepeatedWord), string(ItemWithoutMarker), string(Spacing), string(UnfinishedParagraph),
	string(Invisible), string(ListDiffers), string(DateDiffers)}, " "))

func checkFlag(f Flag, ids map[string]bool) error {
	if f.ID == "" || ids[f.ID] {
		return fmt.Errorf("flag id %q: want one that no other flag has", f.ID)
	}
	ids[f.ID] = true
	if !rules[string(f.Rule)] {
		return fmt.Errorf("flag %s: rule %q is not known", f.ID, f.Rule)
	}
	switch f.Resolution {
	case "", AsGiven, Repaired, Removed:
		return nil
	}
	return fmt.Errorf("flag %s: resolution %q is none of %s, %s and %s", f.ID, f.Resolution, AsGiven, Repaired, Removed)
}
