package site

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// talkative has publications of whose entries ten things were said each, one publication
// after the other, and one of which nothing was said.
type talkative struct {
	Service
	asked []string
}

const talkers = 20

func (s *talkative) Publications() []publish.Summary {
	list := []publish.Summary{{Slug: "silent", Title: map[string]string{"en": "Silent"}}}
	for i := range talkers {
		list = append(list, publish.Summary{Slug: fmt.Sprintf("talker-%02d", i), Title: map[string]string{"en": "Talker"}})
	}
	return list
}

func (s *talkative) Records(string) ([]publish.RecordSummary, error) { return nil, nil }

func (s *talkative) RollBatches(string) ([]publish.BatchSummary, error) { return nil, nil }

func (s *talkative) LastSaid(_ context.Context, slug string) (int64, error) {
	if slug == "silent" {
		return -1, nil
	}
	return s.first(slug) + 9, nil
}

func (s *talkative) first(slug string) (index int64) {
	fmt.Sscanf(slug, "talker-%d", &index)
	return 10 * index
}

func (s *talkative) Said(_ context.Context, slug string) (out []publish.Said, err error) {
	s.asked = append(s.asked, slug)
	for i := s.first(slug); i < s.first(slug)+10; i++ {
		out = append(out, publish.Said{Event: endorsement.Event{Kind: statement.ClaimEndorsement, Index: i, Record: log.Sum(fmt.Append(nil, i)), Issued: "2026-01-02T03:04:05Z"}})
	}
	return out, nil
}

// TestFeedReadsWhatIsNew: the feed of everything has the newest of what signatories said, and
// asks no publication for it that has nothing so new.
func TestFeedReadsWhatIsNew(t *testing.T) {
	s := &talkative{}
	h, err := New(Config{Service: s})
	check(t, err)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/en/feed.json", nil))
	var feed struct {
		Items []struct{ ID string }
	}
	check(t, json.Unmarshal(rec.Body.Bytes(), &feed))
	if len(feed.Items) != maxFeed {
		t.Fatalf("%d items", len(feed.Items))
	}
	for i, x := range feed.Items {
		if want := "urn:" + log.Sum(fmt.Append(nil, 10*talkers-1-i)).String(); x.ID != want {
			t.Errorf("item %d: %s, want %s", i, x.ID, want)
		}
	}
	if got := strings.Join(s.asked, " "); got != "talker-19 talker-18 talker-17 talker-16 talker-15" {
		t.Errorf("asked %s", got)
	}
}
