package extract

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

// plainly tells whether a copy has the authentic sentence in it, with no doubt
// about any of its words.
func plainly(c *Copy) bool {
	flat := strings.ReplaceAll(string(c.Text), "\n", " ")
	at := strings.Index(flat, extracttest.Authentic)
	if at < 0 {
		return false
	}
	for _, d := range c.Doubts {
		if d.At < at+len(extracttest.Authentic) && d.End > at {
			return false
		}
	}
	return true
}

func TestTricksOfPages(t *testing.T) {
	for name, trick := range extracttest.PageTricks() {
		file := extracttest.Fill(trick)
		c, err := new(Reader).Read(context.Background(), file)
		if err != nil {
			var known *Error
			if !errors.As(err, &known) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if plainly(c) {
			t.Errorf("%s: taken for shown:\n%s\n%v %v", name, c.Text, c.Doubts, c.Warnings)
		}
		if strings.Contains(trick[1], "ALTERED") && !strings.Contains(string(c.Text), extracttest.Altered) {
			t.Errorf("%s: what is shown is lost:\n%s", name, c.Text)
		}
		// The same page as a mail.
		mail := extracttest.Mail("Content-Type: text/html; charset=utf-8\r\n", string(file))
		if c, err := new(Reader).Read(context.Background(), mail); err == nil && plainly(c) {
			t.Errorf("%s in a mail: taken for shown:\n%s", name, c.Text)
		}
	}
}

func TestRareTricksOfPages(t *testing.T) {
	tricks := extracttest.RareTricks()
	maps.Copy(tricks, extracttest.LiveTricks())
	for name, trick := range tricks {
		c, err := new(Reader).Read(context.Background(), extracttest.Fill(trick))
		if err != nil {
			var known *Error
			if !errors.As(err, &known) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if plainly(c) {
			t.Errorf("%s: taken for shown:\n%s\n%v %v", name, c.Text, c.Doubts, c.Warnings)
		}
	}
}

// Words that are shown are read, or what stands around them is in doubt.
func TestWordsShown(t *testing.T) {
	for name, trick := range extracttest.ShownWords() {
		c := read(t, extracttest.Page("<style>"+trick[0]+"</style>", "<p>We do "+trick[1]+" demand it</p>"))
		if !strings.Contains(string(c.Text), "NOT") && len(c.Doubts) == 0 {
			t.Errorf("%s: a word that is shown is lost: %s %v", name, c.Text, c.Warnings)
		}
	}
}

// What a browser does not take for style hides nothing: each of these shows one
// word more than the authentic sentence.
func TestStyleThatIsNone(t *testing.T) {
	for name, trick := range extracttest.NoStyles() {
		c := read(t, extracttest.Page("<style>"+trick[0]+"</style>", "<p>We do "+trick[1]+" demand it</p>"))
		if !strings.Contains(string(c.Text), "NOT") {
			t.Errorf("%s: a word that is shown is lost: %s %v", name, c.Text, c.Warnings)
		}
	}
}

// The ways of parting shown words from hidden ones in a page do not spoil what
// stands beside them.
func TestPageFurniture(t *testing.T) {
	for name, furniture := range extracttest.Furniture() {
		body := furniture[1] + "<article><h1>Title</h1><p>" + extracttest.Authentic + "</p></article>"
		c := read(t, extracttest.Page("<style>body{padding-top:4em}"+furniture[0]+"</style>", body))
		if !plainly(c) {
			t.Errorf("%s spoils the words:\n%s\n%v", name, c.Text, c.Doubts)
		}
	}
}

func TestTricksOfOffice(t *testing.T) {
	for name, file := range extracttest.OfficeTricks() {
		c, err := new(Reader).Read(context.Background(), file)
		if err != nil {
			var known *Error
			if !errors.As(err, &known) || known.Code != CodeNoText {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if plainly(c) {
			t.Errorf("%s: taken for shown:\n%s\n%v", name, c.Text, c.Doubts)
		}
	}
}

// Programs do not agree about which of two types a mail has.
func TestMailOfTwoTypes(t *testing.T) {
	file := extracttest.Mail("Content-Type: text/plain\r\nContent-Type: text/html\r\n", "<!--\r\n"+extracttest.Authentic+"\r\n-->words\r\n")
	if c, err := new(Reader).Read(context.Background(), file); err == nil {
		t.Errorf("read as one of them:\n%s", c.Text)
	}
}
