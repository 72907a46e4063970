package pdf

import (
	"crypto/sha256"
	"testing"
)

// One page of about 1,000 words, and of the same bytes SHA-256.
func BenchmarkPage(b *testing.B) {
	file := write([]string{flood(6000)}, "", picture)
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := readFile(b, file); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sha256", func(b *testing.B) {
		for b.Loop() {
			sha256.Sum256(file)
		}
	})
}
