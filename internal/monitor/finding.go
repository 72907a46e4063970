package monitor

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sijil/sijil/internal/audit"
)

const (
	// ruleUnverified is a publication that cannot be opened, and of which the audit
	// says nothing.
	ruleUnverified audit.Rule = "unverified"
	// maxNew is how many new findings of one rule a look reports. The rest are
	// reported by the looks that follow.
	maxNew = 50
)

// width is the part of a tile's path that changes as the log grows.
var width = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.p/[0-9]+`) })

// findingKey is what a finding is about, whatever the tree's size.
func findingKey(f audit.Finding) string {
	return strings.Join([]string{string(f.Rule), f.Publication, decimal(f.Index), width().ReplaceAllString(f.Path, "")}, " ")
}

// settleFindings reports what is wrong and was not before, and what is wrong no more.
// That is known only of an audit that came to its end.
func (l *look) settleFindings(r *audit.Report) error {
	now, fresh := map[string]bool{}, map[audit.Rule]int{}
	since := l.at.Format(time.RFC3339Nano)
	said := map[string]bool{} // publications of which the audit says what is wrong
	for _, f := range r.Findings {
		said[f.Publication] = true
	}
	for _, f := range slices.Concat(r.Findings, l.wrong) {
		if f.Rule == ruleUnverified && said[f.Publication] {
			continue
		}
		key := findingKey(f)
		now[key] = true
		if _, ok := l.now.Findings[key]; ok {
			continue
		}
		if fresh[f.Rule]++; fresh[f.Rule] > maxNew {
			continue
		}
		id, err := identify(l.key, Finding, key, since)
		if err != nil {
			return err
		}
		l.now.Findings[key] = OpenFinding{ID: id, Since: since, Rule: string(f.Rule), Publication: f.Publication, Path: f.Path, Index: f.Index}
		index := f.Index
		err = l.tell(Event{Type: Finding, Rule: string(f.Rule), Publication: f.Publication, LogIndex: &index, Path: f.Path, Detail: line(f.Detail), Evidence: facts(f.Evidence),
			Summary: aboutOf(f.Publication) + line(means(f)+": "+f.Path+" "+f.Detail)}, key, since)
		if err != nil {
			return err
		}
	}
	if l.failed != nil || l.proved {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(l.now.Findings)) {
		if f := l.now.Findings[key]; !now[key] {
			delete(l.now.Findings, key)
			index := f.Index
			err := l.tell(Event{Type: Resolved, Rule: f.Rule, Publication: f.Publication, LogIndex: &index, Path: f.Path, Finding: f.ID, Since: f.Since,
				Summary: aboutOf(f.Publication) + fmt.Sprintf("no more: %s, %s", f.Rule, f.Path)}, f.ID)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// means says for people what a finding is.
func means(f audit.Finding) string {
	if f.Rule == ruleUnverified {
		return "the publication does not verify"
	}
	return f.Rule.Explain().Means
}

func facts(e map[string]string) map[string]string {
	if len(e) == 0 {
		return nil
	}
	return e
}

// aboutOf begins a summary.
func aboutOf(slug string) string {
	if slug == "" {
		return ""
	}
	return slug + ": "
}

// noteText is what a signed note says, without its signatures.
func noteText(note string) string {
	text, _, _ := strings.Cut(note, "\n\n")
	return text
}
