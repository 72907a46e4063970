package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

// Hostile files are answered with a reason, and others are answered meanwhile.
func TestHostileFiles(t *testing.T) {
	s := newRunning(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	verify := func(file []byte) (verdict, code string) {
		res, err := s.http.Post(s.url+"/api/v1/verify", "application/octet-stream", bytes.NewReader(file))
		check(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		check(t, err)
		var v struct {
			Verdict string
			Reason  struct{ Code string }
		}
		check(t, json.Unmarshal(b, &v))
		return v.Verdict, v.Reason.Code
	}
	drawing := "0 0 m 500 700 l S\n"
	pdf := fmt.Sprintf("%%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"+
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 700]/Contents 4 0 R>>endobj\n4 0 obj<</Length %d>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>\n",
		400_000*len(drawing), strings.Repeat(drawing, 400_000))
	hostile := map[string][]byte{
		"a PDF that draws for ever": []byte(pdf),
		"a zip bomb":                extracttest.Zip(extracttest.Part{Name: "[Content_Types].xml", Body: "<Types/>"}, extracttest.Part{Name: "_rels/.rels", Body: "<R/>"}, extracttest.Part{Name: "word/document.xml", Body: strings.Repeat(" ", 80<<20)}),
		"a deep page":               []byte("<html>" + strings.Repeat("<div>", 100_000)),
		"a damaged PDF":             []byte("%PDF-1.7\n" + strings.Repeat("<<[(", 500_000)),
	}
	var running sync.WaitGroup
	for name, file := range hostile {
		running.Go(func() {
			if verdict, code := verify(file); verdict != "unchecked" || code == "" {
				t.Errorf("%s: %s, %q", name, verdict, code)
			}
		})
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	others := 0
	for waiting := true; waiting; others++ {
		select {
		case <-done:
			waiting = false
		default:
		}
		if verdict, code := verify([]byte("These words are nobody's declaration, and are asked about meanwhile.")); verdict != "unknown" {
			t.Fatalf("another copy: %s, %q", verdict, code)
		}
	}
	if others < 10 {
		t.Errorf("%d others were answered meanwhile", others)
	}
}
