package publish

// SetMaxSaid bounds how many records are held in what follows from them.
func (s *Service) SetMaxSaid(n int) { s.maxSaid = n }

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
