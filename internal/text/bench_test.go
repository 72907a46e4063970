package text

import (
	"crypto/sha256"
	"strings"
	"testing"
)

var sample = strings.Repeat("We, the people of the seven valleys, call on every council to reopen the roads: food, water and medicine must pass.\n", 57)

func BenchmarkParse(b *testing.B) {
	arabic := strings.Repeat("نحن سكان الوديان السبعة ندعو كل المجالس إلى إعادة فتح الطرق، وإلى مرور الغذاء والماء والدواء.\n", 50)
	french := strings.Repeat("Nous, les habitants des sept vallées, appelons à rouvrir l’accès : l’eau et les médicaments doivent passer.\n", 60)
	for _, c := range []struct{ name, in string }{{"latin", sample}, {"french", french}, {"arabic", arabic}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse([]byte(c.in)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDigest includes the SHA-256 of the canonical form.
func BenchmarkDigest(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Digest([]byte(sample)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSHA256 hashes the same bytes, to compare with.
func BenchmarkSHA256(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	for b.Loop() {
		sha256.Sum256([]byte(sample))
	}
}
