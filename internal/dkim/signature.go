package dkim

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tags are a tag=value list (RFC 6376 section 3.2), values without the white space around.
type tags map[string]string

// parseTags reads a list; no tag stands twice.
func parseTags(s string) (tags, bool) {
	out := tags{}
	for spec := range strings.SplitSeq(s, ";") {
		if strings.Trim(spec, " \t\r\n") == "" {
			continue
		}
		name, value, ok := strings.Cut(spec, "=")
		name = strings.Trim(name, " \t\r\n")
		if _, twice := out[name]; !ok || twice || !isTagName(name) || strings.IndexFunc(value, isForeign) >= 0 {
			return nil, false
		}
		out[name] = strings.Trim(value, " \t\r\n")
	}
	return out, true
}

func isTagName(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '_') {
			return false
		}
	}
	return s != ""
}

func isForeign(r rune) bool { return (r < ' ' || r > '~') && r != '\t' && r != '\r' && r != '\n' }

// list splits a value at its colons.
func list(v string) []string {
	out := strings.Split(v, ":")
	for i, s := range out {
		out[i] = squeeze(s)
	}
	return out
}

// squeeze takes out the white space that folding may leave.
func squeeze(s string) string {
	return strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(s)
}

// parseBase64 accepts one spelling alone, but for white space.
func parseBase64(s string) ([]byte, bool) {
	s = squeeze(s)
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	return b, err == nil && len(b) > 0 && base64.StdEncoding.EncodeToString(b) == s
}

// signature is one DKIM-Signature field.
type signature struct {
	index, nth               int    // among all fields, among the signatures
	domain                   string // d=, lower-case
	identity                 string // the domain of i=, lower-case
	selector                 string
	algorithm                string // rsa or ed25519
	headerSimple, bodySimple bool
	names                    []string // h=, lower-case
	bodyHash                 []byte
	value                    []byte    // b=
	made, until              time.Time // t=, x=; zero if absent
}

// parseSignature reads the nth signature, which is the field at index.
func parseSignature(m *letter, index, nth int) (*signature, error) {
	_, value, _ := strings.Cut(m.fields[index].raw, ":")
	t, ok := parseTags(value)
	malformed := refuse(RuleSignature, "its DKIM signature is malformed")
	if !ok || t["v"] != "1" {
		return nil, malformed
	}
	if _, ok := t["l"]; ok {
		return nil, refuse(RuleLength, "its DKIM signature covers only the beginning of the text (l=): whoever runs the domain's mail has to switch that off")
	}
	s := &signature{index: index, nth: nth, selector: squeeze(t["s"])}
	hash := ""
	s.algorithm, hash, _ = strings.Cut(squeeze(t["a"]), "-")
	if hash != "sha256" || s.algorithm != "rsa" && s.algorithm != "ed25519" {
		return nil, refuse(RuleAlgorithm, "its DKIM signature is neither rsa-sha256 nor ed25519-sha256, and others are not secure (RFC 8301)")
	}
	if s.domain, ok = asciiDomain(squeeze(t["d"])); !ok || !isSelector(s.selector) {
		return nil, malformed
	}
	if s.identity = s.domain; t["i"] != "" {
		i := squeeze(t["i"])
		if s.identity, ok = asciiDomain(i[strings.LastIndexByte(i, '@')+1:]); !ok || s.identity != s.domain && !strings.HasSuffix(s.identity, "."+s.domain) {
			return nil, malformed
		}
	}
	if q, ok := t["q"]; ok && !slices.Contains(list(q), "dns/txt") {
		return nil, malformed
	}
	okay := [5]bool{}
	s.headerSimple, s.bodySimple, okay[0] = canonicalization(squeeze(t["c"]))
	s.bodyHash, okay[1] = parseBase64(t["bh"])
	s.value, okay[2] = parseBase64(t["b"])
	s.made, okay[3] = seconds(t, "t")
	s.until, okay[4] = seconds(t, "x")
	for _, name := range list(t["h"]) {
		if !isFieldName(name) || strings.ContainsAny(name, "=;") {
			return nil, malformed
		}
		s.names = append(s.names, strings.ToLower(name))
	}
	if slices.Contains(okay[:], false) || !s.until.IsZero() && !s.made.IsZero() && !s.until.After(s.made) {
		return nil, malformed
	}
	return s, nil
}

func isSelector(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.IndexFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) >= 0 {
			return false
		}
	}
	return len(s) <= 200
}

// canonicalization reads c=; either half is simple unless it says otherwise.
func canonicalization(c string) (headerSimple, bodySimple, ok bool) {
	header, body, _ := strings.Cut(c, "/")
	for _, v := range []string{header, body} {
		if v != "" && v != "simple" && v != "relaxed" {
			return false, false, false
		}
	}
	return header != "relaxed", body != "relaxed", true
}

// seconds reads a time of at most 12 digits (RFC 6376 section 3.5).
func seconds(t tags, name string) (time.Time, bool) {
	v, ok := t[name]
	if !ok {
		return time.Time{}, true
	}
	n, err := strconv.ParseUint(v, 10, 63)
	return time.Unix(int64(n), 0), err == nil && len(v) <= 12
}

// aligned: d= and From share a registrable domain.
func (s *signature) aligned(domain string) error {
	if d, ok := registrable(s.domain); !ok || d != domain {
		return refuse(RuleAlignment, "its DKIM signature is by another domain than that of its From address: whoever runs the domain's mail has to sign with the domain's own name")
	}
	return nil
}

// covers: h= names every field that counts.
func (s *signature) covers(m *letter, o Rules) error {
	for _, name := range once {
		if slices.Contains(s.names, strings.ToLower(name)) || name == "To" && o.UnsignedTo || name == "MIME-Version" && o.UnsignedMIME {
			continue
		}
		if name == "Content-Type" && o.UnsignedMIME {
			if err := readsOneWay(m); err != nil {
				return err
			}
			continue
		}
		return refuse(RuleUnsigned, "its DKIM signature does not cover the field "+name+": whoever runs the domain's mail can add it to what is signed")
	}
	// How the text is decoded has to be signed where it changes a byte.
	if e := m.all("Content-Transfer-Encoding"); len(e) > 0 && !isIdentity(e[0].value()) && !slices.Contains(s.names, "content-transfer-encoding") {
		return refuse(RuleUnsigned, "its DKIM signature does not cover the field Content-Transfer-Encoding: send it as a formatted mail, or without letters beyond ASCII")
	}
	return nil
}

// readsOneWay: whatever a Content-Type says that keeps to the rules, the same line is read
// from this body.
func readsOneWay(m *letter) error {
	kind, params, ok := m.contentType()
	first, _, _ := bytes.Cut(m.body, []byte("\r\n"))
	begins := string(bytes.TrimRight(first, " \t"))
	if ok && containers[kind] && begins == "--"+params["boundary"] {
		return nil
	}
	if ok && kind == "text/plain" && isUTF8(params["charset"]) && !strings.HasPrefix(begins, "--") {
		return nil
	}
	return refuse(RuleUnsigned, "its DKIM signature does not cover the field Content-Type, and the text could be read in more than one way: send it as plain text in UTF-8")
}

// current: now is between t= and x=.
func (s *signature) current(now time.Time) error {
	switch {
	case !s.until.IsZero() && now.After(s.until):
		return refuse(RuleExpired, "its DKIM signature has expired: send a new mail")
	case s.made.After(now.Add(maxAhead)):
		return refuse(RuleFuture, "its DKIM signature is from the future: the clock of the domain's mail server is wrong")
	}
	return nil
}
