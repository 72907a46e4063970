package match

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A thousand-word publication, and what people hold of it.
func BenchmarkCheck(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 8))
	vocabulary := strings.Fields(valleysEN + strings.ReplaceAll(valleysFR, "\n", " "))
	var body strings.Builder
	for range 40 {
		for range 25 {
			body.WriteString(vocabulary[rng.IntN(len(vocabulary))] + " ")
		}
		body.WriteString("\n")
	}
	published := body.String()
	var list []string
	for i := range 30 {
		list = append(list, fmt.Sprintf("%s %s Association of Valley %d", vocabulary[i], vocabulary[2*i], i))
	}
	x := newTestIndex(b, valleys(), harbour(), Publication{Slug: "long", Versions: []Version{{
		Number: 1, Texts: map[string][]byte{"en": []byte(published)}, PlaceDate: valleysPlace, Names: names(list)}}})
	for _, c := range []struct{ name, in, want string }{
		{"identical", published, Identical},
		{"reflowed", wrap(published, 72), Authentic},
		{"with list", wrap(full(published, list), 72), Authentic},
		{"one word changed", strings.Replace(wrap(full(published, list), 72), "dams", "doors", 1), Altered},
		{"excerpt", strings.Join(strings.Split(published, "\n")[10:12], "\n"), Excerpt},
		{"unknown", strings.Repeat("Something else was said that day in the square. ", 100), Unknown},
	} {
		b.Run(c.name, func(b *testing.B) {
			in := []byte(c.in)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if v := x.Check(in, ""); v.Verdict != c.want {
					b.Fatal(describe(v))
				}
			}
		})
	}
}
