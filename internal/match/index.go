package match

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
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

// An Index holds publications. It keeps their bytes and fingerprints; the words of
// a text are made when a copy is compared with it, and kept for a while. It is
// safe for concurrent use: what Put and Add prepare is immutable, but for a text's
// refs, a publication's latest version and whether a version is retracted, which
// are atomic; the maps through which it is found change under a lock that Check
// holds only while it looks up.
type Index struct {
	write sync.Mutex   // Put and Add wait for each other
	mu    sync.RWMutex // guards everything below
	pubs  map[string]*publication
	raw   map[[sha256.Size]byte][]*stored // digest of a text file
	canon map[[sha256.Size]byte][]*stored // digest of its canonical form
	bare  map[[sha256.Size]byte][]*stored // the same without bullets at line starts, where there are any
	texts []*stored                       // by id; nil once removed
	tiers []*tier                         // the finest first, never empty
	cache *cache
}

// publication and version are what Put prepared.
type publication struct {
	slug, genesis string
	latest        atomic.Int64 // number of the latest version
	versions      []*version
	docs          map[[sha256.Size]byte]*stored // by digest of the file
}

type version struct {
	pub              *publication
	number           int
	retracted        atomic.Bool
	docs             map[string]*stored // by language
	names            []Name
	place            string
	listed, withheld int // names
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{
		pubs:  map[string]*publication{},
		raw:   map[[sha256.Size]byte][]*stored{},
		canon: map[[sha256.Size]byte][]*stored{},
		bare:  map[[sha256.Size]byte][]*stored{},
		tiers: newTiers(),
		cache: newCache(maxCached),
	}
}

// NewLocalIndex returns an empty index for a reader's few publications: every passage is
// looked at, and Lookup finds nothing.
func NewLocalIndex() *Index {
	x := NewIndex()
	x.tiers = x.tiers[:1]
	return x
}

// Put adds a publication or replaces the one with the same slug. On an error the
// index is as it was.
func (x *Index) Put(p Publication) error {
	q, forms, err := prepare(p)
	if err != nil {
		return fmt.Errorf("publication %q: %w", p.Slug, err)
	}
	x.write.Lock()
	defer x.write.Unlock()
	fresh := slices.SortedFunc(maps.Values(q.docs), compareStored)
	if err := x.fingerprint(fresh, forms); err != nil {
		return fmt.Errorf("publication %q: %w", p.Slug, err)
	}
	old := x.pubs[q.slug]
	x.mu.Lock()
	if old != nil {
		x.remove(old)
	}
	x.pubs[q.slug] = q
	x.insert(fresh)
	x.mu.Unlock()
	if old != nil { // nobody sees them any more
		for _, d := range old.docs {
			for _, t := range x.tiers {
				t.index.Remove(d.id)
			}
		}
	}
	return nil
}

// Add adds one version to a publication, and the publication with its first. It
// costs what that version's new texts cost, however many there are already. On
// an error the index is as it was.
func (x *Index) Add(slug, genesis string, v Version) error {
	q, forms, err := prepare(Publication{Slug: slug, Genesis: genesis, Versions: []Version{v}})
	if err != nil {
		return fmt.Errorf("publication %q: %w", slug, err)
	}
	x.write.Lock()
	defer x.write.Unlock()
	old := x.pubs[slug]
	if old != nil && old.genesis != genesis {
		return fmt.Errorf("publication %q: is %s, not %s", slug, old.genesis, genesis)
	}
	if old != nil && slices.ContainsFunc(old.versions, func(w *version) bool { return w.number == v.Number }) {
		return fmt.Errorf("publication %q: version %d is there", slug, v.Number)
	}
	var fresh []*stored
	for sum, d := range q.docs {
		if old == nil || old.docs[sum] == nil {
			fresh = append(fresh, d)
		}
	}
	slices.SortFunc(fresh, compareStored)
	if err := x.fingerprint(fresh, forms); err != nil {
		return fmt.Errorf("publication %q: %w", slug, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if old == nil {
		x.pubs[slug] = q
	} else {
		x.extend(old, q)
	}
	x.insert(fresh)
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
	old.versions = append(old.versions, v)
	old.latest.Store(max(old.latest.Load(), int64(v.number)))
	for sum, d := range q.docs {
		have := old.docs[sum]
		if have == nil {
			old.docs[sum] = d
			continue
		}
		for _, r := range d.refs() {
			v.docs[r.lang] = have
		}
		have.add(d.refs()...)
	}
}

// insert makes fingerprinted texts visible; the caller holds the lock.
func (x *Index) insert(fresh []*stored) {
	for _, d := range fresh {
		x.texts = append(x.texts, d)
		x.raw[d.sum] = append(x.raw[d.sum], d)
		x.canon[d.canon] = append(x.canon[d.canon], d)
		if d.bare != d.canon {
			x.bare[d.bare] = append(x.bare[d.bare], d)
		}
	}
}

// remove takes a publication out of the maps; the caller holds both locks.
func (x *Index) remove(q *publication) {
	isOld := func(d *stored) bool { return q.docs[d.sum] == d }
	x.texts = slices.Clone(x.texts) // a Check may hold the slice that was there
	for _, d := range q.docs {
		drop(x.raw, d.sum, isOld)
		drop(x.canon, d.canon, isOld)
		drop(x.bare, d.bare, isOld)
		x.texts[d.id] = nil
	}
	delete(x.pubs, q.slug)
}

// drop removes texts from one entry of a map. It makes a new slice, because a
// Check may still hold the one that was there.
func drop[K comparable](m map[K][]*stored, key K, old func(*stored) bool) {
	var keep []*stored
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

// prepare checks p and does what needs no lock. It returns the words of each text
// too, from which fingerprints are taken.
func prepare(p Publication) (*publication, map[*stored]*text.Form, error) {
	if p.Slug == "" {
		return nil, nil, errors.New("no slug")
	}
	if len(p.Versions) == 0 {
		return nil, nil, errors.New("no versions")
	}
	q := &publication{slug: p.Slug, genesis: p.Genesis, docs: map[[sha256.Size]byte]*stored{}}
	forms := map[*stored]*text.Form{}
	seen := map[int]bool{}
	for _, pv := range p.Versions {
		if pv.Number < 1 || seen[pv.Number] {
			return nil, nil, fmt.Errorf("version %d: numbers start at 1 and are unique", pv.Number)
		}
		seen[pv.Number] = true
		if len(pv.Texts) == 0 {
			return nil, nil, fmt.Errorf("version %d: no text", pv.Number)
		}
		v := &version{pub: q, number: pv.Number, docs: map[string]*stored{}, names: slices.Clone(pv.Names), place: pv.PlaceDate}
		v.retracted.Store(pv.Retracted)
		for _, lang := range slices.Sorted(maps.Keys(pv.Texts)) {
			d, err := prepareText(q, pv.Texts[lang], forms)
			if err != nil {
				return nil, nil, fmt.Errorf("version %d: text %s: %w", pv.Number, lang, err)
			}
			d.add(ref{v, lang})
			v.docs[lang] = d
		}
		list, err := newNameList(v.names, v.place)
		if err != nil {
			return nil, nil, fmt.Errorf("version %d: %w", pv.Number, err)
		}
		v.listed, v.withheld = list.listed, list.withheld
		q.versions = append(q.versions, v)
		q.latest.Store(max(q.latest.Load(), int64(pv.Number)))
	}
	slices.SortFunc(q.versions, func(a, b *version) int { return cmp.Compare(a.number, b.number) })
	return q, forms, nil
}

func prepareText(q *publication, raw []byte, forms map[*stored]*text.Form) (*stored, error) {
	sum := sha256.Sum256(raw)
	if d := q.docs[sum]; d != nil {
		return d, nil
	}
	form, err := text.Parse(raw)
	if err != nil {
		return nil, err
	}
	bare, _ := text.DropBullets(form.Tokens)
	d := &stored{raw: slices.Clone(raw), sum: sum, canon: form.Digest(), bare: bareDigest(bare), tokens: len(bare)}
	q.docs[sum] = d
	forms[d] = &text.Form{Tokens: bare}
	return d, nil
}
