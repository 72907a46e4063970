package site

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/text"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const (
	wellsEN = `A Call for the Wells of Oued Zarg

We, the families and associations of Oued Zarg, met on May 4, 2031, and counted the wells that still give water: seven of forty.

Nobody has the right to sell what keeps a village alive. The council must not renew the permits of the bottling works.

We therefore ask:

• Open the seven gates at once.
• Test every public well twice a year, and publish the results within 30 days.
• Return the grazing land to the families of the valley.
`
	wellsAR = `نداء من أجل آبار وادي زرق

نحن عائلات وجمعيات وادي زرق، اجتمعنا يوم 4 مايو 2031 وأحصينا الآبار التي لا تزال تعطي الماء: سبع من أربعين.

لا يحق لأحد أن يبيع ما تحيا به القرية. ويجب ألا يجدد المجلس رخص معمل التعبئة.

ولذلك نطالب بما يلي:

• فتح الأبواب السبعة فورا.
• فحص كل بئر عمومية مرتين في السنة ونشر النتائج خلال 30 يوما.
`
	hostileName = `<script>alert("1")</script> & 'Sons' <img src=x onerror=alert(1)>`
)

// clock is when everything in the fixture happens.
func clock() time.Time { return logtest.Start.Add(24 * time.Hour) }

// ledger is the virtual log as the use cases see it.
type ledger struct {
	mu    sync.Mutex
	log   *logtest.Log
	known map[string]uint64
}

func (l *ledger) Append(_ context.Context, entry []byte) (uint64, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if index, ok := l.known[string(entry)]; ok {
		return index, true, nil
	}
	index := uint64(l.log.Append(entry))
	l.known[string(entry)] = index
	return index, false, nil
}

func (l *ledger) Cover(context.Context, uint64) (publish.Checkpoint, error) { return l.Latest(), nil }

func (l *ledger) Latest() publish.Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := l.log.Size()
	if size == 0 {
		return publish.Checkpoint{}
	}
	return publish.Checkpoint{Size: size, Root: l.log.Root(size), Note: l.log.Checkpoint(size)}
}

func (l *ledger) Room() error { return nil }

func (l *ledger) Prove(index, size int64) (tlog.RecordProof, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tlog.ProveRecord(size, index, l.log)
}

func (l *ledger) Leaves(indexes []int64) ([]tlog.Hash, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stored := make([]int64, len(indexes))
	for i, x := range indexes {
		stored[i] = tlog.StoredHashIndex(0, x)
	}
	return l.log.ReadHashes(stored)
}

// world is a service with what was published in it.
type world struct {
	t       testing.TB
	service *publish.Service
	rows    *store.Store
	name    statement.LogName
	signer  *keys.Signer
	handler http.Handler
	domains domains
}

// domains are organisations' domains, and what each says; a nil list does not answer.
type domains map[string][]publish.DomainLine

func (d domains) Look(_ context.Context, domain string) ([]publish.DomainSaid, error) {
	lines, ok := d[domain]
	if ok && lines == nil {
		return nil, fmt.Errorf("%w: <b>no route</b>", publish.ErrDomainSilent)
	}
	if !ok {
		return []publish.DomainSaid{{Via: "dns"}}, nil
	}
	return []publish.DomainSaid{{Via: "dns", Document: log.Sum([]byte(fmt.Sprint(lines))), Lines: lines}}, nil
}

// mailOf is a verifier for mails that are "DOMAIN|LINE".
func mailOf(_ context.Context, raw []byte) (*publish.MailSeen, error) {
	domain, line, _ := strings.Cut(string(raw), "|")
	return &publish.MailSeen{From: domain, Signer: domain, Selector: "s", KeyRecord: "v=DKIM1; p=", Subject: line, Line: line, Digest: log.Sum(raw)}, nil
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	check(t, store.Create(dir))
	rows, err := store.Open(ctx, dir)
	check(t, err)
	t.Cleanup(func() { check(t, rows.Close()) })
	l := logtest.New(t, "https://sijil.example")
	lg := &ledger{log: l, known: map[string]uint64{}}
	said := domains{}
	service, err := publish.Open(ctx, publish.Config{
		Observer: logtest.NewSigner(t), Domains: said, Mails: mailOf, MailTo: "endorse@sijil.example", Passkeys: noPasskeys{},
		Log: lg, Tree: lg, Public: lg.Latest, Store: rows, Signer: l.Signer, Trust: l.Trust(), Clock: clock, Logger: slog.New(slog.DiscardHandler),
	})
	check(t, err)
	handler, err := New(Config{Service: service, Invitations: service, Log: pagesLog{l, lg}, Fetch: fetchFixture, BaseURL: "https://sijil.example"})
	check(t, err)
	return &world{t: t, service: service, rows: rows, name: statement.NameOf(l.Key), signer: logtest.NewSigner(t), handler: handler, domains: said}
}

// pagesLog is the virtual log as the pages see it.
type pagesLog struct {
	log    *logtest.Log
	ledger *ledger
}

func (l pagesLog) Policy() *keys.Policy { return l.log.Trust().Policy() }

func (l pagesLog) Entry(index int64) ([]byte, error) {
	l.ledger.mu.Lock()
	defer l.ledger.mu.Unlock()
	if index >= l.log.Size() {
		return nil, publish.ErrUnknown
	}
	return l.log.Entries()[index], nil
}

// fetchFixture is a site with one page.
func fetchFixture(_ context.Context, address string) (*Fetched, error) {
	switch address {
	case "https://endorser.example/call":
		return &Fetched{Address: address, When: clock(), Body: []byte("<!DOCTYPE html><html><body><nav>Menu</nav><article><p>" + strings.ReplaceAll(wellsEN, "\n\n", "</p><p>") + "</p></article></body></html>")}, nil
	case "https://gone.example/":
		return nil, errors.New("404")
	}
	return nil, ErrAddress
}

// draft is a version to publish.
type draft struct {
	title, texts map[string]string
	reason       string
	date, place  string
	placeDate    map[string]string
	names        []string              // "" is a withheld one
	list         []signatory.Signatory // instead of names
}

// noPasskeys takes none: browsers are tested elsewhere.
type noPasskeys struct{ publish.Passkeys }

// create opens a publication and publishes versions.
func (w *world) create(slug string, drafts ...draft) {
	w.t.Helper()
	ctx := context.Background()
	token := "token-for-" + slug
	check(w.t, w.rows.AddToken(ctx, log.Sum([]byte(token)), publish.Token{Slug: slug, Expires: clock().Add(time.Hour)}))
	genesis := w.sign(&statement.Publication{Log: w.name, Slug: slug, Title: drafts[0].title, Policy: statement.NewPolicy(1, w.signer.Public())})
	r, err := w.service.Create(ctx, token, genesis)
	check(w.t, err)
	root := r.Record
	var before []signatory.Disclosure
	var withheld []string
	for i, d := range drafts {
		v := &statement.Version{
			Canonical: text.Edition, Log: w.name, Publication: root, Previous: r.Record, Sequence: int64(i + 1), Version: i + 1,
			Issued: clock().Format(time.RFC3339), Date: d.date, Place: d.place, PlaceDate: d.placeDate, Reason: d.reason, Title: d.title,
		}
		c := publish.Content{Texts: map[string][]byte{}}
		var digests []statement.Text
		for lang, body := range d.texts {
			digest, err := edition.Digests(lang, []byte(body))
			check(w.t, err)
			digests = append(digests, digest)
			c.Texts[lang] = []byte(body)
		}
		v.SetTexts(digests)
		c.Disclosures, v.Signatories.Commitments = disclose(w.t, d.names)
		for i, n := range d.names {
			if n == "" {
				withheld = append(withheld, v.Signatories.Commitments[i])
			}
		}
		if d.list != nil {
			c.Disclosures, err = signatory.Reuse(before, d.list, rand.Reader)
			check(w.t, err)
			v.Signatories.Commitments, err = signatory.Commit(c.Disclosures)
			check(w.t, err)
			before = c.Disclosures
		}
		r, err = w.service.Submit(ctx, slug, w.sign(v), c)
		check(w.t, err)
	}
	for i, entry := range withheld {
		s := &statement.Redaction{Entry: entry, Issued: clock().Format(time.RFC3339), Log: w.name, Payloads: []log.Digest{}, Previous: r.Record, Publication: root, Sequence: int64(len(drafts) + 1 + i)}
		r, err = w.service.Submit(ctx, slug, w.sign(s), publish.Content{})
		check(w.t, err)
	}
}

// retract withdraws a version, or the publication where version is 0.
func (w *world) retract(slug string, version int, reason string) {
	w.t.Helper()
	p, err := w.service.Publication(slug)
	check(w.t, err)
	r := &statement.Retraction{Log: w.name, Publication: p.Genesis, Previous: p.Head, Sequence: p.Sequence + 1, Issued: clock().Format(time.RFC3339), Reason: reason}
	if version > 0 {
		r.Version = &statement.VersionName{Number: version, Record: p.Versions[version-1].Record}
	}
	_, err = w.service.Submit(context.Background(), slug, w.sign(r), publish.Content{})
	check(w.t, err)
}

// springs publishes three versions: words, an item and names change, and then
// nothing but the presentation.
func (w *world) springs() {
	w.t.Helper()
	title := map[string]string{"en": "A Call for the Springs", "ar": "نداء من أجل الينابيع"}
	const en, ar = "A Call for the Springs\n\nWe counted seven springs. Nobody may sell them.\n\n• Open the gates.\n• Test the water.\n", "نداء من أجل الينابيع\n\nأحصينا سبعة ينابيع. لا يحق لأحد أن يبيعها.\n"
	changed := map[string]string{"en": strings.NewReplacer("seven", "nine <b>", "• Test the water.", "• Repair the lamps.\n• Test the water.").Replace(en), "ar": strings.Replace(ar, "سبعة", "تسعة", 1)}
	w.create("springs",
		draft{title: title, texts: map[string]string{"en": en, "ar": ar}, reason: "First version.", date: "2031-05-04", place: "Oued Zarg", names: []string{"Union of Well Keepers", "جمعية حراس النبع", "Valley Radio"}},
		draft{title: title, texts: changed, reason: `Counted <script>alert(4)</script> again.`, date: "2031-05-04", place: "Oued Zarg", names: []string{"Union of Well Keepers", "جمعية حراس المنبع", hostileName}},
		draft{title: title, texts: map[string]string{"en": strings.ReplaceAll(changed["en"], "\n\n", "\n\n\n")}, reason: "Arabic withdrawn.", names: []string{hostileName, "Union of Well Keepers", ""}})
}

func disclose(t testing.TB, names []string) ([]signatory.Disclosure, []string) {
	t.Helper()
	list := make([]signatory.Signatory, len(names))
	for i, n := range names {
		if n == "" {
			n = "Somebody whose name is withheld"
		}
		list[i] = signatory.Signatory{Name: n, Kind: signatory.Organisation}
	}
	all, err := signatory.Reuse(nil, list, rand.Reader)
	check(t, err)
	commitments, err := signatory.Commit(all)
	check(t, err)
	return all, commitments
}

func (w *world) sign(s statement.Statement) []byte {
	w.t.Helper()
	payload, err := statement.Encode(s)
	check(w.t, err)
	b, err := logtest.Sign(w.t, w.signer, payload).Marshal()
	check(w.t, err)
	return b
}

var wellsNames = []string{"Union of Well Keepers", "جمعية حراس النبع", hostileName, "Valley Radio"}

// wells publishes two versions: the second one adds a signatory.
func (w *world) wells() {
	w.t.Helper()
	title := map[string]string{"en": "A Call for the Wells of Oued Zarg", "ar": "نداء من أجل آبار وادي زرق"}
	texts := map[string]string{"en": wellsEN, "ar": wellsAR}
	w.create("wells",
		draft{title: title, texts: texts, reason: "First version.", date: "2031-05-04", place: "Oued Zarg", names: wellsNames[:3]},
		draft{title: title, texts: texts, reason: "Valley Radio signs too.", date: "2031-05-04", place: "Oued Zarg", names: wellsNames})
}

// harbour publishes a list with a withheld name, and a title that attacks.
func (w *world) harbour() {
	w.t.Helper()
	w.create("harbour", draft{
		title: map[string]string{"en": `"><script>alert(2)</script>`}, reason: `<b onclick="x()">bold</b>`,
		texts: map[string]string{"en": "A Letter About the Old Harbour\n\nThe old harbour belongs to those who mend its nets and paint its boats. <script>alert(3)</script>\n\nWe ask the port authority to keep the north quay free of containers and to repair the lamp on the breakwater.\n"},
		names: []string{"Dockers of the Old Quay", "", "Tide Table Society"},
	})
}

func (w *world) do(r *http.Request) *httptest.ResponseRecorder {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

func (w *world) get(path string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.do(httptest.NewRequest(http.MethodGet, path, nil))
}

// paste sends the form as a browser does, with CR LF at the line ends.
func (w *world) paste(copied, slug string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.send(map[string]string{"text": strings.ReplaceAll(copied, "\n", "\r\n"), "publication": slug}, "")
}

// upload sends the form with a file.
func (w *world) upload(file, slug string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.send(map[string]string{"text": "", "publication": slug}, file)
}

func (w *world) send(fields map[string]string, file string) *httptest.ResponseRecorder {
	w.t.Helper()
	body, kind := form(w.t, fields, file)
	r := httptest.NewRequest(http.MethodPost, "/verify", body)
	r.Header.Set("Content-Type", kind)
	return w.do(r)
}

func form(t testing.TB, fields map[string]string, file string) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range fields {
		check(t, m.WriteField(name, value))
	}
	name := ""
	if file != "" {
		name = "copy.txt"
	}
	part, err := m.CreateFormFile("file", name)
	check(t, err)
	_, err = io.WriteString(part, file)
	check(t, err)
	check(t, m.Close())
	return &b, m.FormDataContentType()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reader is somebody who reads English.
func reader(t testing.TB) *visit {
	t.Helper()
	s, err := newSite(Config{})
	check(t, err)
	return s.visit(httptest.NewRequest(http.MethodGet, "/", nil))
}
