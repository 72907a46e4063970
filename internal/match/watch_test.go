package match

import "testing"

func TestWatched(t *testing.T) {
	for _, c := range []struct{ watched, name, want string }{
		{"Valley Radio", "Valley Radio", WatchedSame},
		{"valley  radio", "VALLEY RADIO", WatchedSame},
		{"Valley Radio", "Valley Radio (Tunis)", WatchedContains},
		{"Valley Radio", "Friends of Valley Radio, Tunis", WatchedContains},
		{"Valley Radio", "Valley Radios", WatchedResembles},
		{"Valley Radio", "Va11ey Radio", WatchedResembles},
		{"École du Fleuve", "Ecole du fleuve", WatchedResembles},
		{"Valley Radio", "Radio of the Mountains", ""},
		{"Valley Radio", "Tide Table Society", ""},
		{"Valley Radio", "•", ""},
		{"جمعية حراس النبع", "جمعيّة حُرّاس النبع", WatchedSame},
		{"جمعية حراس النبع", "جمعيه حراس النبع", WatchedSame},
		{"الأطباء", "الاطباء", WatchedSame},
		{"حراس النبع", "جمعية حراس النبع", WatchedContains},
		{"جمعية حراس النبع", "جمعية حراس النبغ", WatchedResembles},
		{"جمعية حراس النبع", "اتحاد العمال", ""},
		{"کتاب", "كتاب", WatchedSame}, // typed on a Persian keyboard
	} {
		w, err := NewWatched(c.watched)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.In(c.name); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.watched, c.name, got, c.want)
		}
	}
	a, _ := NewWatched("Valley Radio")
	b, _ := NewWatched("valley RADIO")
	if a.Key() != b.Key() {
		t.Errorf("keys %q and %q", a.Key(), b.Key())
	}
	for _, bad := range []string{"", " ", "•", "…", "\xff"} {
		if _, err := NewWatched(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}
