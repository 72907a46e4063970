package match

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// An invented declaration, in three languages and two versions: the second one
// repairs the list of the first.
const (
	valleysEN = `The Seven Valleys Call for Open Water

We, the delegates of the seven valleys, met in Tizi Nour on May 4-5, 2031, and heard what 412 villages had to report since the dams were closed on March 9, 2029.

The closing of the dams isn't an accident of nature. It has dried the wells of thousands of families, emptied the schools and forced shepherds off the land of their mothers; no council has answered their letters.

Moreover, the river company sells 2,500 litres a day to each hotel, while a household is given no more than 18 litres, often brackish and never tested by the “independent” laboratory.

For these reasons, we call for the following :

Open the gates of all seven dams at once.
Test every public well twice a year, and publish the results within 30 days.
Return the grazing land to the families who can show a title older than 1950.
Do not sell river water outside the valleys without a vote of the villages.
Pay for the losses of the years 2029 and 2030 from the company’s profits.
`
	valleysFR = `L’appel des Sept Vallées pour l’eau libre

Nous, délégués des sept vallées, réunis à Tizi Nour les 4 et 5 mai 2031, avons entendu ce que 412 villages rapportent depuis la fermeture des barrages le 9 mars 2029.

La fermeture n’est pas un accident de la nature. Elle a tari les puits de milliers de familles ; aucun conseil n’a répondu à leurs lettres.

C’est pourquoi nous demandons ce qui suit :

Ouvrir sans délai les vannes des sept barrages.
Analyser chaque puits public deux fois par an et publier les « résultats » sous 30 jours.
Ne pas vendre l’eau de la rivière hors des vallées sans un vote des villages.
`
	valleysAR = `نداء الوديان السبعة من أجل الماء

نحن مندوبي الوديان السبعة، المجتمعين في تيزي نور يومي 4 و5 ماي 2031، استمعنا إلى ما ترويه 412 قرية منذ إغلاق السدود.

ليس إغلاق السدود حادثا من حوادث الطبيعة، ولم يجب أي مجلس عن رسائل العائلات.

لذلك نطالب بما يلي:

فتح أبواب السدود السبعة فورا.
فحص كل بئر عمومية مرتين في السنة ونشر النتائج خلال 30 يوما.
عدم بيع ماء النهر خارج الوديان إلا بتصويت القرى.
`
	valleysPlace = "Tizi Nour, May 5, 2031"
)

var (
	firstList = []string{
		"Union of Well Keepers",
		"1Shepherds for the High Pastures",
		"Rivers Without Owners",
		"Réseau des Femmes de l’Oued – Section nord",
		"Open Gates Committee – Upper Valley 18- Brightwater Law Clinic for the Right to Drink",
		"جمعية حراس النبع للتنمية -سقاية-",
		"Teachers’ Circle of Tizi Nour, Primary Schools (TCT)",
		"Nadir Oulad, water engineer",
		"Valley Radio",
	}
	secondList = []string{
		"Union of Well Keepers",
		"Shepherds for the High Pastures",
		"Rivers Without Owners",
		"Réseau des Femmes de l’Oued – Section nord",
		"Open Gates Committee – Upper Valley",
		"Brightwater Law Clinic for the Right to Drink",
		"جمعية حراس النبع للتنمية -سقاية-",
		"Teachers’ Circle of Tizi Nour, Primary Schools (TCT)",
		"Nadir Oulad, water engineer",
		"Valley Radio",
	}
)

func names(list []string) []Name {
	out := make([]Name, len(list))
	for i, s := range list {
		out[i] = Name{Text: s}
	}
	return out
}

func valleys() Publication {
	texts := map[string][]byte{"en": []byte(valleysEN), "fr": []byte(valleysFR), "ar": []byte(valleysAR)}
	return Publication{
		Slug: "seven-valleys", Genesis: "sha256:" + strings.Repeat("5a", 32),
		Versions: []Version{
			{Number: 1, Texts: texts, PlaceDate: valleysPlace, Names: names(firstList)},
			{Number: 2, Texts: texts, PlaceDate: valleysPlace, Names: names(secondList)},
		},
	}
}

// harbour is another publication of the same index, unlike the first.
func harbour() Publication {
	return Publication{Slug: "harbour", Genesis: "sha256:" + strings.Repeat("17", 32), Versions: []Version{{
		Number: 1, Names: names([]string{"Dockers of the Old Quay", "Tide Table Society"}),
		Texts: map[string][]byte{"en": []byte(`A Letter About the Old Harbour

The old harbour belongs to those who mend its nets and paint its boats. We ask the port authority to keep the north quay free of containers, to repair the lamp on the breakwater, and to let the swimmers in before eight.

The ferry must not be moved. Its timetable should be printed in 3 languages.
`)},
	}}}
}

func newTestIndex(t testing.TB, pubs ...Publication) *Index {
	t.Helper()
	x := NewIndex()
	for _, p := range pubs {
		if err := x.Put(p); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// full is a copy with place, date and list, as people forward it.
func full(text string, list []string) string {
	return text + "\n" + valleysPlace + "\n\n• " + strings.Join(list, "\n• ") + "\n"
}

// check validates every verdict of the tests against the schema.
func check(t testing.TB, x *Index, in, slug string) *Verdict {
	t.Helper()
	v := x.Check([]byte(in), slug)
	validate(t, v)
	return v
}

var schema *jsonschema.Schema

func validate(t testing.TB, v *Verdict) {
	t.Helper()
	if schema == nil {
		c := jsonschema.NewCompiler()
		s, err := c.Compile(filepath.Join("..", "..", "docs", "formats", "verdict.schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		schema = s
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Fatalf("%s\n%v", b, err)
	}
}

var casablancaPath = filepath.Join("..", "..", "..", "shared", "declaration", "casablanca.txt")

func hasCasablanca() bool {
	_, err := os.Stat(casablancaPath)
	return err == nil
}

// casablanca reads the real declaration as a publication, or skips.
func casablanca(t testing.TB) (Publication, string, []string) {
	t.Helper()
	b, err := os.ReadFile(casablancaPath)
	if os.IsNotExist(err) {
		t.Skip("the declaration is not beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	var text, list []string
	place := ""
	for _, l := range strings.Split(string(b), "\n") {
		l = strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(l), "•"), "\u00a0", " "))
		switch {
		case l == "":
			if place == "" {
				text = append(text, "")
			}
		case place != "":
			list = append(list, l)
		case strings.HasPrefix(l, "Casablanca, ") && len(l) < 60:
			place = l
		default:
			text = append(text, l)
		}
	}
	if place == "" || len(list) < 20 {
		t.Fatalf("place %q, %d names", place, len(list))
	}
	body := strings.TrimSpace(strings.Join(text, "\n")) + "\n"
	return Publication{Slug: "casablanca", Genesis: "sha256:" + strings.Repeat("c5", 32), Versions: []Version{
		{Number: 1, Texts: map[string][]byte{"en": []byte(body)}, PlaceDate: place, Names: names(list)},
	}}, body + "\n" + place + "\n\n  • " + strings.Join(list, "\n  • ") + "\n", list
}
