package match

// gramLen is the number of neighbouring tokens that make a gram. A published
// text is found through the grams it shares with a copy.
const gramLen = 4

// gram hashes ids.
func gram(ids []uint32) uint64 {
	h := uint64(14695981039346656037)
	for _, id := range ids {
		h = (h ^ uint64(id)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}

// gramSet returns the grams of a published text. One of fewer than gramLen tokens
// has none and is found only by its digest.
func gramSet(ids []uint32) map[uint64]struct{} {
	set := make(map[uint64]struct{}, len(ids))
	for i := 0; i+gramLen <= len(ids); i++ {
		set[gram(ids[i:i+gramLen])] = struct{}{}
	}
	return set
}
