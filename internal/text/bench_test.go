package text

import (
	"crypto/sha256"
	"strings"
	"testing"
)

// samples are some 6 kB of text each, as declarations have it.
func samples() []struct{ name, in string } {
	const (
		latin  = "We, the people of the seven valleys, call on every council to reopen the roads: food, water and medicine must pass.\n"
		french = "Nous, les habitants des sept vallées, appelons à rouvrir l’accès : l’eau et les médicaments doivent passer.\n"
		arabic = "نحن سكان الوديان السبعة ندعو كل المجالس إلى إعادة فتح الطرق، وإلى مرور الغذاء والماء والدواء.\n"
		signs  = "• Open the gates — all 7 – “now”; (2) test 1,000.5 l of each well… • تُفتح الأبواب الـ٧ قبل ٢٠٣١.\n"
	)
	return []struct{ name, in string }{
		{"latin", strings.Repeat(latin, 57)},
		{"french", strings.Repeat(french, 60)},
		{"arabic", strings.Repeat(arabic, 50)},
		{"mixed", strings.Repeat(latin+arabic+french+signs, 16)},
	}
}

func benchmark(b *testing.B, do func(in []byte) error) {
	for _, c := range samples() {
		b.Run(c.name, func(b *testing.B) {
			in := []byte(c.in)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if err := do(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDigest includes the SHA-256 of the canonical form.
func BenchmarkDigest(b *testing.B) {
	benchmark(b, func(in []byte) error { _, _, err := Digest(in); return err })
}

func BenchmarkParse(b *testing.B) {
	benchmark(b, func(in []byte) error { _, err := Parse(in); return err })
}

// BenchmarkSHA256 hashes the same bytes as they are, to compare with.
func BenchmarkSHA256(b *testing.B) {
	benchmark(b, func(in []byte) error { sha256.Sum256(in); return nil })
}
