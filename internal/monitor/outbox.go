package monitor

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// drain tells a sink what waits for it, whenever something does.
func (m *Monitor) drain(ctx context.Context, s Sink) {
	failures := 0
	for ctx.Err() == nil {
		err := m.deliver(ctx, s)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failures++
			m.c.Log.WarnContext(ctx, "an event was not taken, and is offered again", "to", s.Name, "tries", failures, "err", err)
			if m.c.Sleep(ctx, m.backoff(failures, firstRetry, maxRetry)) != nil {
				return
			}
			continue
		}
		failures = 0
		select {
		case <-m.wake[s.Name]:
		case <-ctx.Done():
		}
	}
}

// deliver offers a sink what waits for it, in order, until it does not take one.
func (m *Monitor) deliver(ctx context.Context, s Sink) error {
	var told []string
	for {
		e, ok := m.next(s.Name, told)
		if !ok {
			return m.strike(s.Name, told)
		}
		if err := s.Send(ctx, e); err != nil {
			// Struck off or not: what was told before is known to this process.
			return errors.Join(err, m.strike(s.Name, told))
		}
		// Dying here tells it again, with the same ID.
		if told = append(told, e.ID); len(told) >= max(1, s.Batch) {
			if err := m.strike(s.Name, told); err != nil {
				return err
			}
			told = nil
		}
	}
}

// next is the first event that waits for a sink and was not told it just now.
func (m *Monitor) next(sink string, told []string) (Event, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.state.Outbox {
		if slices.Contains(w.To, sink) && !slices.Contains(told, w.Event.ID) {
			return w.Event, true
		}
	}
	return Event{}, false
}

// strike notes that events were told. If that cannot be saved, this process knows all
// the same, and the next save has it.
func (m *Monitor) strike(sink string, told []string) error {
	if len(told) == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	left := []Waiting{}
	for _, w := range m.state.Outbox {
		if slices.Contains(told, w.Event.ID) {
			w.To = slices.DeleteFunc(slices.Clone(w.To), func(to string) bool { return to == sink })
		}
		if len(w.To) > 0 {
			left = append(left, w)
		}
	}
	m.state = &State{Format: m.state.Format, Outbox: left, Services: m.state.Services}
	return m.save(m.state)
}

// commit is step 5 of a look: what is remembered of a service from now on, and what is
// to be told, in one document. If we die before it is saved, nothing was told.
func (m *Monitor) commit(key string, now *Followed, events []Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := &State{Format: m.state.Format, Outbox: slices.Clone(m.state.Outbox), Services: maps.Clone(m.state.Services)}
	next.Services[key] = now
	var to []string
	for _, s := range m.c.Sinks {
		to = append(to, s.Name)
	}
	for _, e := range events {
		if len(to) > 0 {
			next.Outbox = append(next.Outbox, Waiting{Event: e, To: to})
		}
	}
	if err := m.save(next); err != nil {
		return err
	}
	m.state = next
	for _, w := range m.wake {
		select {
		case w <- struct{}{}:
		default: // it knows already
		}
	}
	return nil
}

// save writes a state, unless it is what is stored.
func (m *Monitor) save(s *State) error {
	b, err := s.Marshal()
	if err != nil {
		return err
	}
	if string(b) == string(m.saved) {
		return nil
	}
	if err := m.c.Store.Save(b); err != nil {
		return err
	}
	m.saved = b
	return nil
}
