package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkStatic reads checkpoint and tiles from the service, on one core, and
// in the same run the same bytes from nginx with one worker (SIJIL_NGINX).
func BenchmarkStatic(b *testing.B) {
	data, _ := newData(b)
	p := startProcess(b, data, "GOMAXPROCS=1")
	bodies := signedRequests(b, 600)
	knockAll(b, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, p.url, 64, bodies)
	paths := []string{"checkpoint", "tile/0/000", "tile/0/002.p/88", "tile/entries/001"}
	dir := b.TempDir()
	for _, path := range paths {
		file := filepath.Join(dir, path)
		check(b, os.MkdirAll(filepath.Dir(file), 0o755))
		res, err := http.Get(p.url + "/" + path)
		check(b, err)
		body, err := io.ReadAll(res.Body)
		check(b, err)
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			b.Fatalf("%s: %s", path, res.Status)
		}
		check(b, os.WriteFile(file, body, 0o644))
	}
	nginx := ""
	if program := os.Getenv("SIJIL_NGINX"); program != "" {
		nginx = startNginx(b, program, dir)
	}
	for _, path := range paths {
		b.Run(strings.ReplaceAll(path, "/", "-"), func(b *testing.B) {
			ours := readRate(b, strings.TrimPrefix(p.url, "http://"), path, b.N)
			b.ReportMetric(ours, "reads/s")
			if nginx != "" {
				b.StopTimer()
				theirs := readRate(b, nginx, path, b.N)
				b.ReportMetric(theirs, "nginx-reads/s")
				b.ReportMetric(ours/theirs, "of-nginx")
			}
		})
	}
}

// readRate reads a path n times over 16 connections that stay open. The answers
// are of one length, so that reading them costs as little as it can.
func readRate(b *testing.B, address, path string, n int) float64 {
	b.Helper()
	request := fmt.Appendf(nil, "GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
	const connections = 16
	conns := make([]net.Conn, connections)
	length := 0
	for i := range conns {
		c, err := net.Dial("tcp", address)
		check(b, err)
		defer c.Close()
		conns[i] = c
		if i > 0 {
			continue
		}
		_, err = c.Write(request)
		check(b, err)
		var raw bytes.Buffer
		res, err := http.ReadResponse(bufio.NewReaderSize(io.TeeReader(c, &raw), 1), nil)
		check(b, err)
		_, err = io.Copy(io.Discard, res.Body)
		check(b, err)
		length = raw.Len()
	}
	start := time.Now()
	buffers := make([][]byte, connections)
	for i := range buffers {
		buffers[i] = make([]byte, length)
	}
	spread(connections, n, func(i, _ int) time.Duration {
		if _, err := conns[i].Write(request); err != nil {
			b.Error(err)
			return 0
		}
		if _, err := io.ReadFull(conns[i], buffers[i]); err != nil || !bytes.HasPrefix(buffers[i], []byte("HTTP/1.1 200 ")) {
			b.Errorf("%.60q, %v", buffers[i], err)
		}
		return 0
	})
	return float64(n) / time.Since(start).Seconds()
}

// startNginx serves a folder with one worker and returns its address.
func startNginx(b *testing.B, program, dir string) string {
	b.Helper()
	run := b.TempDir()
	address := "127.0.0.1:" + freePorts(b, 1)[0]
	conf := filepath.Join(run, "nginx.conf")
	check(b, os.WriteFile(conf, fmt.Appendf(nil, `
daemon off;
user root;
worker_processes 1;
pid %[1]s/pid;
error_log %[1]s/error crit;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  open_file_cache max=1000 inactive=60s;
  default_type application/octet-stream;
  server { listen %[2]s; root %[3]s; add_header Cache-Control "public, max-age=31536000, immutable"; add_header Access-Control-Allow-Origin "*"; }
}
`, run, address, dir), 0o644))
	cmd := exec.Command(program, "-c", conf, "-p", run)
	var said bytes.Buffer
	cmd.Stderr = &said
	check(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	check(b, os.Chmod(filepath.Dir(dir), 0o755))
	check(b, os.Chmod(dir, 0o755))
	awaitHTTP(b, "http://"+address+"/checkpoint", &said)
	return address
}
