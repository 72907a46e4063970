package passkey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
)

// Site is whose passkeys are verified. The zero Site is none, and an error.
type Site struct {
	// ID is the RP ID (§5.1.2, §4): a host name in lower case, without port. Passkeys
	// belong to it for ever; a service that moves to another name starts anew.
	ID string
	// Origins are the pages that may ask, each exactly as a browser writes it:
	// https://host, with :port unless it is 443, or http://localhost:port for tests.
	// A host is the ID or a name under it.
	Origins []string
}

// check reports the first rule that s breaks.
func (s Site) check() error {
	if s.ID == "" || len(s.ID) > 253 || strings.Trim(s.ID, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return fmt.Errorf("site: %q is not a host name in lower case", clip(s.ID))
	}
	if len(s.Origins) == 0 {
		return errors.New("site: no origin")
	}
	for _, o := range s.Origins {
		if err := s.checkOrigin(o); err != nil {
			return fmt.Errorf("site: origin %q: %w", clip(o), err)
		}
	}
	return nil
}

func (s Site) checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme+"://"+u.Host != origin {
		return errors.New("not scheme://host or scheme://host:port alone")
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || host != "localhost"):
		return errors.New("neither https nor http://localhost")
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80", strings.HasSuffix(u.Host, ":"):
		return errors.New("a browser does not write this port")
	case host != s.ID && !strings.HasSuffix(host, "."+s.ID):
		return fmt.Errorf("not under the RP ID %s", s.ID)
	}
	return nil
}

// clientData is what is read of the client data (§5.8.1). Other members are allowed,
// and browsers add some.
type clientData struct {
	kind, challenge, origin string
	crossOrigin             bool
}

// checkClientData holds the rules of what the browser says.
func (s Site) checkClientData(raw []byte, kind protocol.CeremonyType, challenge []byte) error {
	c, err := parseClientData(raw)
	switch {
	case err != nil:
		return fmt.Errorf("client data: %w", err)
	case c.kind != string(kind):
		return fmt.Errorf("type: %q, want %q", clip(c.kind), kind)
	case c.challenge != encoded(challenge):
		return errors.New("challenge: the answer is to another one")
	case !slices.Contains(s.Origins, c.origin):
		return fmt.Errorf("origin: %q is not this site", clip(c.origin))
	case c.crossOrigin:
		return errors.New("crossOrigin: the page was in a frame of another site")
	}
	return nil
}

// parseClientData reads client data so that no other parser can read it differently: no
// member twice, none that differs from a known one in case alone (which Go's own
// decoder would take for it), UTF-8 and nothing around the object. The order of members
// is free: browsers and password managers differ, whatever §5.8.1.1 says; an absent
// crossOrigin is false.
func parseClientData(raw []byte) (clientData, error) {
	var c clientData
	if !utf8.Valid(raw) {
		return c, errors.New("not UTF-8")
	}
	if !bytes.HasPrefix(raw, []byte("{")) || !bytes.HasSuffix(raw, []byte("}")) {
		return c, errors.New("not one JSON object")
	}
	members, err := readMembers(raw)
	if err != nil {
		return c, err
	}
	for name, into := range map[string]any{"type": &c.kind, "challenge": &c.challenge, "origin": &c.origin, "crossOrigin": &c.crossOrigin} {
		value, ok := members[name]
		if !ok && name != "crossOrigin" {
			return clientData{}, fmt.Errorf("no %s", name)
		}
		// null would leave the Go value as it is.
		if ok && (string(value) == "null" || json.Unmarshal(value, into) != nil) {
			return clientData{}, fmt.Errorf("%s is of another type", name)
		}
	}
	if _, ok := members["topOrigin"]; ok {
		return clientData{}, errors.New("topOrigin: the page was in a frame of another site")
	}
	return c, nil
}

// readMembers returns the members of the one object that raw is.
func readMembers(raw []byte) (map[string]json.RawMessage, error) {
	known := []string{"type", "challenge", "origin", "crossOrigin", "topOrigin"}
	members := map[string]json.RawMessage{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("not JSON")
	}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errors.New("not JSON")
		}
		if _, ok := members[name]; ok {
			return nil, fmt.Errorf("member %q stands twice", clip(name))
		}
		if slices.ContainsFunc(known, func(k string) bool { return k != name && strings.EqualFold(k, name) }) {
			return nil, fmt.Errorf("member %q looks like another", clip(name))
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errors.New("not JSON")
		}
		members[name] = value
	}
	if _, err := dec.Token(); err != nil || dec.InputOffset() != int64(len(raw)) {
		return nil, errors.New("not one JSON object")
	}
	return members, nil
}

// clip bounds what an error repeats of its input.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
