package publish

import (
	"fmt"

	"github.com/sijil/sijil/log"
)

// ObserverNote is the log's signed word for the keys under which this service signs
// what it saw.
func (s *Service) ObserverNote() ([]byte, error) {
	if len(s.observers) == 0 {
		return nil, fmt.Errorf("observer key %w", ErrUnknown)
	}
	list := make([][]byte, len(s.observers))
	for i, k := range s.observers {
		list[i] = k.SPKI()
	}
	return log.SignObserver(s.Signer, list)
}
