package publish

// SetMaxSaid bounds how many records are held in what follows from them.
func (s *Service) SetMaxSaid(n int) { s.maxSaid = n }

// SetMaxBytes bounds what is taken of a publication.
func (s *Service) SetMaxBytes(n int) { s.maxBytes = n }

// MakeRoom drops what is too much, as is done now and then.
func (s *Service) MakeRoom() { s.makeRoom(nil) }

// Held is of how many publications what was said is in memory.
func (s *Service) Held() (n int) {
	for _, p := range s.all() {
		p.mu.RLock()
		if p.asides.said != nil {
			n++
		}
		p.mu.RUnlock()
	}
	return n
}

// PartRecords makes parts of a few records, which tests can write, and forgets those that
// were asked for.
func (s *Service) PartRecords(n int) {
	s.records = n
	for _, p := range s.all() {
		p.mu.Lock()
		p.asides.parts = parts{}
		p.mu.Unlock()
	}
}
