package metrics

import "github.com/prometheus/client_golang/prometheus"

// state turns a snapshot into metrics each time it is collected.
type state func() Snapshot

var (
	entries   = desc("log_entries", "Tree sizes: what the log signed last, and what readers are shown.", "view")
	missing   = desc("quorum_missing", "1 while readers are not shown the latest tree for want of witnesses.")
	cosigned  = desc("quorum_cosigned_seconds", "When the witness quorum of the public tree was reached, Unix time; 0 for none.")
	up        = desc("witness_up", "Whether the last try to have a checkpoint cosigned succeeded.", "witness")
	held      = desc("witness_entries", "The tree that a witness holds, as far as it is known.", "witness")
	number    = desc("publications", "Publications that readers can find.")
	records   = desc("records", "Records of publications, in the log.")
	accepting = desc("accepting", "Whether records are accepted.")
	leader    = desc("leader", "1 while this front end of a cluster leads: it makes the checkpoints.")
	elections = desc("elections_total", "How often this front end of a cluster became the leader since it started.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sijil_"+name, help, labels, nil)
}

// Describe implements prometheus.Collector.
func (s state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{entries, missing, cosigned, up, held, number, records, accepting, leader, elections} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s state) Collect(ch chan<- prometheus.Metric) {
	now := s()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(entries, float64(now.Latest), "latest")
	gauge(entries, float64(now.Public), "public")
	gauge(missing, number01(now.QuorumMissing))
	at := 0.0
	if !now.Cosigned.IsZero() {
		at = float64(now.Cosigned.Unix())
	}
	gauge(cosigned, at)
	for _, w := range now.Witnesses {
		gauge(up, number01(w.Up), w.Name)
		gauge(held, float64(w.Entries), w.Name)
	}
	gauge(number, float64(now.Publications))
	gauge(records, float64(now.Records))
	gauge(accepting, number01(now.Accepting))
	if f := now.FrontEnd; f != nil {
		gauge(leader, number01(f.Leads))
		ch <- prometheus.MustNewConstMetric(elections, prometheus.CounterValue, float64(f.Elections))
	}
}

func number01(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
