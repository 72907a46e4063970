// Package pkcs11 signs with keys in tokens: hardware security modules, smart cards and
// their like, through the module (a shared library) that comes with each.
//
// A key is named by a URI of RFC 7512, such as
//
//	pkcs11:token=office;object=sijil?module-path=/usr/lib/softhsm/libsofthsm2.so
//
// which has to say where the module is, and object or id. It must fit exactly one token
// and one private key in it. Attributes that are not known are refused: overlooking one
// could mean another key. So is pin-value, since other users see a process's arguments;
// pin-source=file:/path names a file, of mode 0600 or less, whose first line is the PIN.
//
// Modules are C. A program built without the tag pkcs11 has none of this, and says so.
package pkcs11

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Scheme is how a key's URI begins.
const Scheme = "pkcs11:"

// maxURI bounds a URI, in bytes.
const maxURI = 4096

// URI names a key in a token. Empty attributes fit everything.
type URI struct {
	Token, Manufacturer, Model, Serial string // of the token
	Slot                               string // the slot's number, which a module may change at will
	Object, ID                         string // the key's label, and its bytes
	Type                               string // "private", "public" or nothing; the key pair is meant each time
	Module                             string // absolute path of the shared library
	PIN                                string // absolute path of a file
}

// fields are the attributes that are known, in the order in which String writes them.
func (u *URI) fields() (path, query []field) {
	return []field{{"token", &u.Token}, {"manufacturer", &u.Manufacturer}, {"model", &u.Model}, {"serial", &u.Serial}, {"slot-id", &u.Slot},
			{"object", &u.Object}, {"id", &u.ID}, {"type", &u.Type}},
		[]field{{"module-path", &u.Module}, {"pin-source", &u.PIN}}
}

type field struct {
	name  string
	value *string
}

// ParseURI reads a URI and checks that it can name one key.
func ParseURI(s string) (*URI, error) {
	rest, ok := strings.CutPrefix(s, Scheme)
	if !ok || len(s) > maxURI {
		return nil, fmt.Errorf("not a %s… address of at most %d bytes", Scheme, maxURI)
	}
	u := &URI{}
	before, after, asked := strings.Cut(rest, "?")
	attributes, query := u.fields()
	if err := parseFields(before, ";", attributes); err != nil {
		return nil, err
	}
	if asked {
		if err := parseFields(after, "&", query); err != nil {
			return nil, err
		}
	}
	if file, ok := strings.CutPrefix(u.PIN, "file:"); ok {
		u.PIN = strings.TrimPrefix(file, "//")
	}
	return u, u.check()
}

func parseFields(s, separator string, known []field) error {
	if s == "" {
		return nil
	}
	for part := range strings.SplitSeq(s, separator) {
		name, raw, ok := strings.Cut(part, "=")
		if name == "pin-value" {
			return errors.New("pin-value would show the PIN to other users of the machine: put it into a file and name that with pin-source=file:/path, or leave it out to be asked")
		}
		i := slices.IndexFunc(known, func(f field) bool { return f.name == name })
		if i < 0 || !ok {
			return fmt.Errorf("pkcs11 address: the attribute %q is not known here", name)
		}
		if *known[i].value != "" {
			return fmt.Errorf("pkcs11 address: %s stands there twice", name)
		}
		value, err := url.PathUnescape(raw)
		if err != nil || value == "" || strings.ContainsRune(value, 0) && name != "id" {
			return fmt.Errorf("pkcs11 address: the value of %s is empty, or not percent-encoded", name)
		}
		*known[i].value = value
	}
	return nil
}

func (u *URI) check() error {
	switch {
	case u.Object == "" && u.ID == "":
		return errors.New("pkcs11 address: it names no key: say object=LABEL or id=%01…")
	case u.Module == "":
		return errors.New("pkcs11 address: it names no module: end it with ?module-path=/path/of/the/module.so")
	case !path.IsAbs(u.Module):
		return errors.New("pkcs11 address: module-path is not an absolute path")
	case u.PIN != "" && !path.IsAbs(u.PIN):
		return errors.New("pkcs11 address: pin-source is not file: and an absolute path")
	case u.Type != "" && u.Type != "private" && u.Type != "public":
		return fmt.Errorf("pkcs11 address: type=%s is no key pair", u.Type)
	}
	if n, err := strconv.ParseUint(u.Slot, 10, 32); u.Slot != "" && (err != nil || strconv.FormatUint(n, 10) != u.Slot) {
		return errors.New("pkcs11 address: slot-id is not a number")
	}
	return nil
}

// String writes the URI in one order; ParseURI reads the same of it. It holds no PIN.
func (u *URI) String() string {
	attributes, query := u.fields()
	return Scheme + writeFields(attributes, ";") + "?" + writeFields(query, "&")
}

func writeFields(list []field, separator string) string {
	var parts []string
	for _, f := range list {
		if *f.value != "" {
			parts = append(parts, f.name+"="+escape(*f.value, f.name))
		}
	}
	return strings.Join(parts, separator)
}

func escape(s, name string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		plain := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 || c == '/' && (name == "module-path" || name == "pin-source")
		if plain && name != "id" {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
