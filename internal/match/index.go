package match

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sijil/sijil/internal/text"
)

// A Name is one entry of a signatory list, in list order.
type Name struct {
	Text     string
	Withheld bool // the name is not known here; Text is not looked at
	// Commitment tells entries of two versions apart, withheld or not; Detail is
	// what the list says beside the name. Optional; Compare alone looks at them.
	Commitment, Detail string
}

// A Version is one published edition.
type Version struct {
	Number int               // from 1
	Texts  map[string][]byte // language → bytes of text.<lang>.txt
	// PlaceDate is the "place, date" line shown beside the list, such as
	// "Atlas, 3 February 2024"; several lines for several languages. It is
	// metadata: a copy may lack it. Optional.
	PlaceDate string
	Names     []Name
	Retracted bool
}

// A Publication is one declaration with all its versions.
type Publication struct {
	Slug, Genesis string
	Versions      []Version
}

// An Index holds prepared publications. It is safe for concurrent use: what Put
// and Add prepare is immutable, but for a text's refs, a publication's latest version and
// whether a version is retracted, which are atomic; the maps through which it is found change under a
// lock that Check holds only while it looks up.
type Index struct {
	mu    sync.RWMutex // guards everything below
	pubs  map[string]*publication
	words map[string]uint32            // canonical token → its id
	raw   map[[sha256.Size]byte][]*doc // digest of a text file
	canon map[[sha256.Size]byte][]*doc // digest of its canonical form
	bare  map[[sha256.Size]byte][]*doc // the same without bullets at line starts
	grams map[uint64][]*doc            // hash of four neighbouring tokens
}

// publication, version and doc are what Put prepared. A doc is one published
// text file, shared by the versions that contain the same bytes.
type publication struct {
	slug, genesis string
	latest        atomic.Int64 // number of the latest version
	versions      []*version
	docs          map[[sha256.Size]byte]*doc // by digest of the file
}

type version struct {
	pub       *publication
	number    int
	retracted atomic.Bool
	docs      map[string]*doc // by language
	list      *nameList
}

type doc struct {
	raw  []byte
	sum  [sha256.Size]byte
	form *text.Form // without bullets at line starts
	ids  []uint32
	// canon and bare are the digests of the canonical form, and of that without
	// bullets at line starts, which were before these tokens.
	canon, bare [sha256.Size]byte
	bullets     map[int][]text.Span
	at          atomic.Pointer[[]ref] // never empty; a new slice with each version that has the text
}

func (d *doc) refs() []ref { return *d.at.Load() }

func (d *doc) add(refs ...ref) {
	var all []ref
	if old := d.at.Load(); old != nil {
		all = slices.Clone(*old)
	}
	all = append(all, refs...)
	d.at.Store(&all)
}

// A ref says which text of which version a doc is.
type ref struct {
	version *version
	lang    string
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{
		pubs:  map[string]*publication{},
		words: map[string]uint32{},
		raw:   map[[sha256.Size]byte][]*doc{},
		canon: map[[sha256.Size]byte][]*doc{},
		bare:  map[[sha256.Size]byte][]*doc{},
		grams: map[uint64][]*doc{},
	}
}

// Put adds a publication or replaces the one with the same slug. On an error the
// index is as it was.
func (x *Index) Put(p Publication) error {
	q, err := prepare(p)
	if err != nil {
		return fmt.Errorf("publication %q: %w", p.Slug, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if old := x.pubs[q.slug]; old != nil {
		x.remove(old)
	}
	x.insert(q)
	return nil
}

// Add adds one version to a publication, and the publication with its first. It
// costs what that version's new texts cost, however many there are already. On
// an error the index is as it was.
func (x *Index) Add(slug, genesis string, v Version) error {
	q, err := prepare(Publication{Slug: slug, Genesis: genesis, Versions: []Version{v}})
	if err != nil {
		return fmt.Errorf("publication %q: %w", slug, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	old := x.pubs[slug]
	if old == nil {
		x.insert(q)
		return nil
	}
	if old.genesis != genesis {
		return fmt.Errorf("publication %q: is %s, not %s", slug, old.genesis, genesis)
	}
	if slices.ContainsFunc(old.versions, func(w *version) bool { return w.number == v.Number }) {
		return fmt.Errorf("publication %q: version %d is there", slug, v.Number)
	}
	x.extend(old, q)
	return nil
}

// Retract marks versions of a publication as withdrawn by their publisher; all
// of them where none is named. There is no way back.
func (x *Index) Retract(slug string, numbers ...int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	q := x.pubs[slug]
	if q == nil {
		return // no version was ever added
	}
	for _, v := range q.versions {
		if len(numbers) == 0 || slices.Contains(numbers, v.number) {
			v.retracted.Store(true)
		}
	}
}

// extend moves the one version of q into old; the caller holds the lock. A Check
// that runs sees the version by the refs of its texts, so they come last.
func (x *Index) extend(old, q *publication) {
	v := q.versions[0]
	v.pub = old
	v.list.intern(x)
	old.versions = append(old.versions, v)
	old.latest.Store(max(old.latest.Load(), int64(v.number)))
	for sum, d := range q.docs {
		have := old.docs[sum]
		if have == nil {
			old.docs[sum] = d
			x.insertDoc(d)
			continue
		}
		for _, r := range d.refs() {
			v.docs[r.lang] = have
		}
		have.add(d.refs()...)
	}
}

// insert puts a prepared publication into the maps; the caller holds the lock.
func (x *Index) insert(q *publication) {
	x.pubs[q.slug] = q
	for _, v := range q.versions {
		v.list.intern(x)
	}
	for _, d := range q.docs {
		x.insertDoc(d)
	}
}

func (x *Index) insertDoc(d *doc) {
	d.ids = x.intern(d.form.Tokens)
	x.raw[d.sum] = append(x.raw[d.sum], d)
	x.canon[d.canon] = append(x.canon[d.canon], d)
	x.bare[d.bare] = append(x.bare[d.bare], d)
	for g := range gramSet(d.ids) {
		x.grams[g] = append(x.grams[g], d)
	}
}

// prepare checks p and does what needs no lock.
func prepare(p Publication) (*publication, error) {
	if p.Slug == "" {
		return nil, errors.New("no slug")
	}
	if len(p.Versions) == 0 {
		return nil, errors.New("no versions")
	}
	q := &publication{slug: p.Slug, genesis: p.Genesis, docs: map[[sha256.Size]byte]*doc{}}
	seen := map[int]bool{}
	for _, pv := range p.Versions {
		if pv.Number < 1 || seen[pv.Number] {
			return nil, fmt.Errorf("version %d: numbers start at 1 and are unique", pv.Number)
		}
		seen[pv.Number] = true
		if len(pv.Texts) == 0 {
			return nil, fmt.Errorf("version %d: no text", pv.Number)
		}
		v := &version{pub: q, number: pv.Number, docs: map[string]*doc{}}
		v.retracted.Store(pv.Retracted)
		for _, lang := range slices.Sorted(maps.Keys(pv.Texts)) {
			d, err := prepareText(q, pv.Texts[lang])
			if err != nil {
				return nil, fmt.Errorf("version %d: text %s: %w", pv.Number, lang, err)
			}
			d.add(ref{v, lang})
			v.docs[lang] = d
		}
		list, err := newNameList(pv)
		if err != nil {
			return nil, fmt.Errorf("version %d: %w", pv.Number, err)
		}
		v.list = list
		q.versions = append(q.versions, v)
		q.latest.Store(max(q.latest.Load(), int64(pv.Number)))
	}
	slices.SortFunc(q.versions, func(a, b *version) int { return cmp.Compare(a.number, b.number) })
	return q, nil
}

func prepareText(q *publication, raw []byte) (*doc, error) {
	sum := sha256.Sum256(raw)
	if d := q.docs[sum]; d != nil {
		return d, nil
	}
	form, err := text.Parse(raw)
	if err != nil {
		return nil, err
	}
	bare, bullets := text.DropBullets(form.Tokens)
	d := &doc{
		raw: slices.Clone(raw), sum: sum, form: &text.Form{Tokens: bare}, canon: form.Digest(),
		bare: bareDigest(bare), bullets: bulletsBefore(bare, bullets),
	}
	q.docs[sum] = d
	return d, nil
}

// remove takes a publication out of the maps; the caller holds the lock.
func (x *Index) remove(q *publication) {
	isOld := func(d *doc) bool { return q.docs[d.sum] == d }
	for _, d := range q.docs {
		drop(x.raw, d.sum, isOld)
		drop(x.canon, d.canon, isOld)
		drop(x.bare, d.bare, isOld)
		for g := range gramSet(d.ids) {
			drop(x.grams, g, isOld)
		}
	}
	delete(x.pubs, q.slug)
}

// drop removes docs from one entry of a map. It makes a new slice, because a
// Check may still hold the one that was there.
func drop[K comparable](m map[K][]*doc, key K, old func(*doc) bool) {
	var keep []*doc
	for _, d := range m[key] {
		if !old(d) {
			keep = append(keep, d)
		}
	}
	if len(keep) == 0 {
		delete(m, key)
	} else {
		m[key] = keep
	}
}

// intern gives each token the id of its canonical text, making new ids; the
// caller holds the lock.
func (x *Index) intern(tokens []text.Token) []uint32 {
	ids := make([]uint32, len(tokens))
	for i := range tokens {
		id, ok := x.words[tokens[i].Text]
		if !ok {
			id = uint32(len(x.words))
			x.words[strings.Clone(tokens[i].Text)] = id
		}
		ids[i] = id
	}
	return ids
}

// known gives each token its id; tokens that no publication has get ids of their
// own from localIDs up, the same for the same text. The caller holds the lock.
func (x *Index) known(tokens []text.Token) []uint32 {
	ids := make([]uint32, len(tokens))
	var local map[string]uint32
	for i := range tokens {
		id, ok := x.words[tokens[i].Text]
		if !ok {
			if local == nil {
				local = map[string]uint32{}
			}
			if id, ok = local[tokens[i].Text]; !ok {
				id = localIDs + uint32(len(local))
				local[tokens[i].Text] = id
			}
		}
		ids[i] = id
	}
	return ids
}

const localIDs = 1 << 31
