package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/remote"
)

var faultFills = flag.Int("fault-fills", 5, "to how many points TestFaultFull fills the disk, with and without a reserve")

// TestFaultFull fills a small file system to one point after another, with the reserve
// that --min-free keeps and, so that the calls themselves fail, without. Publishing is
// refused, reading goes on, and when there is room again so does publishing, in the same
// process.
func TestFaultFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system takes root: the disk is not filled")
	}
	f := newFault(t, "the disk is full")
	refused := 0
	for _, reserve := range []int64{0, 4} {
		disk := t.TempDir()
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=32m"); err != nil {
			t.Skipf("a small file system cannot be mounted here (%v): the disk is not filled", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(disk, 0); err != nil {
				t.Error(err)
			}
		})
		refused += fills(t, f, disk, reserve)
	}
	f.note = fmt.Sprintf("with a reserve and without; %d publishes refused", refused)
}

// fills fills a disk to each point. Without a reserve, a publish that was begun waits half
// a minute for room before it is refused: that is done to one point in four.
func fills(t *testing.T, f *fault, disk string, reserve int64) (refused int) {
	t.Helper()
	data := filepath.Join(disk, "data")
	key, err := initialise(t.Context(), initOptions{data: data, url: "http://localhost"})
	check(t, err)
	p := spawn(t, data, nil, "--min-free", fmt.Sprint(reserve))
	if !p.ready() {
		t.Fatalf("sijild ended: %v\n%s", p.err, p.out)
	}
	l := newLedger(t, f, key)
	author := newNewcomer(t, &running{data: data, key: key, url: p.url, http: httpClient}, "river")
	check(t, author.send(t, p.url, httpClient, l))
	const text = "Declaration\n\nWhoever reads this goes on reading it.\n"
	author.due = ptr(author.w.sign(t, text))
	check(t, author.send(t, p.url, httpClient, l))
	patient := &http.Client{Timeout: time.Minute}
	for i := range int64(*faultFills) {
		room := (reserve + 1) << 20 * i / int64(*faultFills) // up to a MiB above the reserve
		if reserve == 0 && i%4 != 0 {
			continue
		}
		f.rounds.Add(1)
		free := fill(t, disk, room)
		var answer *remote.Problem
		for n := 0; ; n++ {
			err := author.send(t, p.url, patient, l)
			if errors.As(err, &answer) {
				break
			}
			if err != nil || n > 1000 {
				t.Fatalf("point %d: %d publishes, then %v\n%s", i, n, err, p.out)
			}
		}
		refused++
		t.Logf("%d bytes free: %v", room, answer)
		if answer.Status != http.StatusServiceUnavailable {
			t.Errorf("point %d: %v", i, answer)
			f.wrong.Add(1)
		}
		for _, err := range []error{verdictIs(httpClient, p.url, text, "identical"), readable(p.url)} {
			if err != nil {
				t.Errorf("point %d: readers: %v", i, err)
				f.wrong.Add(1)
			}
		}
		free()
		if err := author.send(t, p.url, patient, l); err != nil {
			t.Fatalf("point %d: there is room again, and %v\n%s", i, err, p.out)
		}
	}
	l.settle(p.url)
	p.stop(syscall.SIGTERM)
	f.sound(t, data)
	return refused
}

func ptr[T any](v T) *T { return &v }

// fill leaves so many bytes free on a disk, until free is called.
func fill(t *testing.T, disk string, room int64) (free func()) {
	t.Helper()
	var st syscall.Statfs_t
	check(t, syscall.Statfs(disk, &st))
	ballast, err := os.Create(filepath.Join(disk, "ballast"))
	check(t, err)
	if size := int64(st.Bavail)*st.Bsize - room; size > 0 {
		check(t, syscall.Fallocate(int(ballast.Fd()), 0, 0, size))
	}
	check(t, ballast.Close())
	return func() { check(t, os.Remove(ballast.Name())) }
}

// readable gets what every reader gets first.
func readable(url string) error {
	for _, path := range []string{"/checkpoint", "/tile/entries/000.p/1", "/en/"} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url+path, nil)
		if err != nil {
			return err
		}
		res, err := httpClient.Do(r)
		if err != nil {
			return err
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: answer %d, %w", path, res.StatusCode, err)
		}
	}
	return nil
}
