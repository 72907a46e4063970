package publish

import (
	"time"

	"github.com/sijil/sijil/log"
)

// Changes are what other processes, or this one, have written to a shared store.
type Changes struct {
	// Publications holds, for each whose chain has changed, all of its records, as
	// Store.Records yields them.
	Publications [][]Stored
	Asides       []Aside // by log index; reserved ones last
	Seen         []SeenAt
	DoorKeys     []log.Digest // that have written
}

// SeenAt says when a domain was last seen to say what it said of an entry.
type SeenAt struct {
	Genesis log.Digest
	Entry   string
	At      time.Time
}
