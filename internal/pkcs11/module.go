//go:build pkcs11

package pkcs11

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	p11 "github.com/miekg/pkcs11"
)

// Constants of PKCS #11 3.0, which the library's headers (2.40) do not have.
const (
	ckkECEdwards           = 0x40
	ckmECEdwardsKeyPairGen = 0x1055
	ckmEDDSA               = 0x1057
)

// session is a login to one token.
type session struct {
	module *p11.Ctx
	handle p11.SessionHandle
}

// load loads a module. One process loads a module once: the second time it says that it
// is initialised, and is.
func load(path string) (*p11.Ctx, error) {
	m := p11.New(path)
	if m == nil {
		return nil, fmt.Errorf("%s is not there, or not a PKCS #11 module that this program can load", path)
	}
	if err := m.Initialize(); err != nil && !errors.Is(err, p11.Error(p11.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// openSession finds the URI's token and logs in; write says that something is to change.
func openSession(u *URI, write bool, pin func() ([]byte, error)) (*session, error) {
	m, err := load(u.Module)
	if err != nil {
		return nil, err
	}
	slot, info, err := u.slot(m)
	if err != nil {
		return nil, err
	}
	flags := uint(p11.CKF_SERIAL_SESSION)
	if write {
		flags |= p11.CKF_RW_SESSION
	}
	handle, err := m.OpenSession(slot, flags)
	if err != nil {
		return nil, fmt.Errorf("token %q: %w", info.Label, err)
	}
	s := &session{m, handle}
	if info.Flags&p11.CKF_LOGIN_REQUIRED == 0 {
		return s, nil
	}
	secret, err := pin()
	if err == nil {
		err = s.login(p11.CKU_USER, secret)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("token %q: %w", info.Label, err)
	}
	return s, nil
}

func (s *session) close() { _ = s.module.CloseSession(s.handle) } // what is left of it ends with the process

// login logs in. The login is the process's, not the session's.
func (s *session) login(user uint, pin []byte) error {
	err := s.module.Login(s.handle, user, string(pin))
	var code p11.Error
	if !errors.As(err, &code) {
		return err
	}
	switch uint(code) {
	case p11.CKR_USER_ALREADY_LOGGED_IN:
		return nil
	case p11.CKR_PIN_INCORRECT, p11.CKR_PIN_INVALID, p11.CKR_PIN_LEN_RANGE:
		return ErrPIN
	case p11.CKR_PIN_LOCKED:
		return fmt.Errorf("%w: it is locked, after too many wrong ones; its own tool unlocks it", ErrPIN)
	}
	return err
}

// slot finds the one token that the URI fits.
func (u *URI) slot(m *p11.Ctx) (uint, p11.TokenInfo, error) {
	slots, err := m.GetSlotList(true)
	if err != nil {
		return 0, p11.TokenInfo{}, fmt.Errorf("%s: %w", u.Module, err)
	}
	var found []uint
	var infos []p11.TokenInfo
	var labels []string
	for _, slot := range slots {
		info, err := m.GetTokenInfo(slot)
		if err != nil || info.Flags&p11.CKF_TOKEN_INITIALIZED == 0 {
			continue
		}
		labels = append(labels, fmt.Sprintf("%q (serial %s)", info.Label, info.SerialNumber))
		if u.fits(slot, info) {
			found, infos = append(found, slot), append(infos, info)
		}
	}
	switch len(found) {
	case 0:
		return 0, p11.TokenInfo{}, fmt.Errorf("the address fits no token; there are: %s", strings.Join(labels, ", "))
	case 1:
		return found[0], infos[0], nil
	}
	return 0, p11.TokenInfo{}, fmt.Errorf("the address fits %d tokens: add token= or serial=; there are: %s", len(found), strings.Join(labels, ", "))
}

func (u *URI) fits(slot uint, info p11.TokenInfo) bool {
	for _, f := range [][2]string{
		{u.Token, info.Label}, {u.Manufacturer, info.ManufacturerID}, {u.Model, info.Model}, {u.Serial, info.SerialNumber},
		{u.Slot, strconv.FormatUint(uint64(slot), 10)},
	} {
		if f[0] != "" && f[0] != strings.TrimRight(f[1], " \x00") {
			return false
		}
	}
	return true
}

// find returns the objects of a class that the URI names, at most a few.
func (s *session) find(template []*p11.Attribute) ([]p11.ObjectHandle, error) {
	if err := s.module.FindObjectsInit(s.handle, template); err != nil {
		return nil, err
	}
	list, _, err := s.module.FindObjects(s.handle, 8)
	return list, errors.Join(err, s.module.FindObjectsFinal(s.handle))
}

// template names the URI's key among the objects of a class.
func (u *URI) template(class uint) []*p11.Attribute {
	t := []*p11.Attribute{p11.NewAttribute(p11.CKA_CLASS, class)}
	if u.Object != "" {
		t = append(t, p11.NewAttribute(p11.CKA_LABEL, u.Object))
	}
	if u.ID != "" {
		t = append(t, p11.NewAttribute(p11.CKA_ID, []byte(u.ID)))
	}
	return t
}

// attribute returns one attribute's bytes.
func (s *session) attribute(o p11.ObjectHandle, kind uint) ([]byte, error) {
	list, err := s.module.GetAttributeValue(s.handle, o, []*p11.Attribute{p11.NewAttribute(kind, nil)})
	if err != nil {
		return nil, err
	}
	return list[0].Value, nil
}
