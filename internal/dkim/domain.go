package dkim

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// asciiDomain returns the form in which a domain is compared and looked up: lower-case
// A-labels (RFC 5891), at least two of them.
func asciiDomain(s string) (string, bool) {
	a, err := idna.Lookup.ToASCII(s)
	if err != nil || len(a) > 253 || !strings.Contains(a, ".") {
		return "", false
	}
	for label := range strings.SplitSeq(a, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	return a, strings.IndexFunc(a, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.'
	}) < 0
}

// registrable returns the part of a domain that somebody registered: one label more than
// its public suffix. It fails for a public suffix itself.
func registrable(ascii string) (string, bool) {
	d, err := publicsuffix.EffectiveTLDPlusOne(ascii)
	return d, err == nil
}

// freeMail are registrable domains where anybody gets an address.
var freeMail = set(`gmail.com googlemail.com hotmail.com outlook.com live.com msn.com passport.com
	icloud.com me.com mac.com aol.com aim.com ymail.com rocketmail.com
	proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com tutamail.com keemail.me
	fastmail.com fastmail.fm hushmail.com mail.com email.com zoho.com zohomail.com zohomail.eu duck.com hey.com
	web.de freenet.de t-online.de posteo.de posteo.net mailbox.org arcor.de
	laposte.net orange.fr wanadoo.fr free.fr sfr.fr neuf.fr bbox.fr numericable.fr
	libero.it virgilio.it tiscali.it alice.it tin.it
	mail.ru bk.ru inbox.ru list.ru internet.ru rambler.ru ya.ru ukr.net i.ua
	qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com
	naver.com daum.net hanmail.net rediffmail.com
	maktoob.com menara.ma wp.pl o2.pl onet.pl interia.pl seznam.cz centrum.cz
	uol.com.br bol.com.br terra.com.br btinternet.com sky.com virginmedia.com comcast.net verizon.net att.net
	mailinator.com guerrillamail.com yopmail.com 10minutemail.com`)

// freeMailLabels are of providers that have one name under many suffixes: yahoo.co.uk.
var freeMailLabels = set("yahoo gmx hotmail outlook yandex")

func set(list string) map[string]bool {
	out := map[string]bool{}
	for _, s := range strings.Fields(list) {
		out[s] = true
	}
	return out
}

func isFreeMail(registrable string) bool {
	label, _, _ := strings.Cut(registrable, ".")
	return freeMail[registrable] || freeMailLabels[label]
}
