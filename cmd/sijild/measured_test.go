package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// startMeasured starts a process that shows metrics too.
func startMeasured(t testing.TB, data string, more ...string) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "metrics")
	p := startWith(t, data, nil, append([]string{"--metrics", "127.0.0.1:0", "--metrics-address-file", file}, more...)...)
	p.metrics = file
	return p
}

// numbers are the metrics of a process now, by name and labels as they are shown.
func (p *process) numbers() map[string]float64 {
	p.t.Helper()
	address, err := os.ReadFile(p.metrics)
	check(p.t, err)
	res, err := httpClient.Get("http://" + strings.TrimSpace(string(address)) + "/metrics") //nolint:noctx // the client has a timeout
	check(p.t, err)
	defer res.Body.Close()
	out := map[string]float64{}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		at := strings.LastIndexByte(lines.Text(), ' ')
		if at < 0 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		out[lines.Text()[:at]], err = strconv.ParseFloat(lines.Text()[at+1:], 64)
		check(p.t, err)
	}
	check(p.t, lines.Err())
	return out
}
