package extract

import (
	"bytes"
	"strings"
)

// Exported chats stamp each message. Phones write the date and the time as their
// language does: digits of three scripts, with directional marks and narrow blanks
// between, and half a day's name behind the time.
const (
	digit   = `[0-9\x{0660}-\x{0669}\x{06f0}-\x{06f9}]`
	unseen  = `[\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{feff}]*`
	gap     = `[ \x{00a0}\x{202f}]*`
	date    = digit + `{1,4}` + unseen + `[/.\-]` + unseen + digit + `{1,2}` + unseen + `[/.\-]` + unseen + digit + `{1,4}`
	halfDay = `(?:` + gap + `(?:[ap]\.?` + gap + `m\.?|[ap]|ص|م))?`
	clock   = digit + `{1,2}[:.]` + digit + `{2}(?:[:.]` + digit + `{2})?` + halfDay
	stamp   = unseen + `(?:` + date + unseen + `[,،]?` + gap + clock + unseen + gap + `-` + `|` +
		`\[(?:` + date + unseen + `[,،]?` + gap + clock + `|` + clock + `[,،]` + gap + date + `)` + unseen + `\])` + gap + unseen
)

var stamped = lazily(`(?i)^` + stamp)

// maxStamp and maxSender bound what is looked at in front of a message, in bytes.
const (
	maxStamp  = 120
	maxSender = 120
)

// cutStamp cuts a stamp off a line, and tells whether one was there.
func cutStamp(line []byte) (rest []byte, ok bool) {
	at := stamped().FindIndex(line[:min(len(line), maxStamp)])
	if at == nil {
		return line, false
	}
	return line[at[1]:], true
}

// cutSender cuts the sender off a stamped line. Lines that the program writes
// itself name none.
func cutSender(line []byte) (message []byte, ok bool) {
	i := bytes.Index(line[:min(len(line), maxSender)], []byte(": "))
	if i < 0 && bytes.HasSuffix(line, []byte(":")) && len(line) < maxSender {
		i = len(line) - 1
	}
	if i <= 0 {
		return nil, false
	}
	return line[min(i+2, len(line)):], true
}

// isChat tells an exported chat, or messages that were copied out of one: the
// first line is stamped, and one of the first has a sender.
func isChat(b []byte) bool {
	for i, line := range firstLines(b, 20) {
		rest, ok := cutStamp(line)
		if i == 0 && !ok {
			return false
		}
		if _, named := cutSender(rest); ok && named {
			return true
		}
	}
	return false
}

// firstLines returns up to n lines that are not empty.
func firstLines(b []byte, n int) [][]byte {
	var out [][]byte
	for len(b) > 0 && len(out) < n {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		if line = bytes.TrimRight(line, "\r "); len(line) > 0 {
			out = append(out, line)
		}
		b = rest
	}
	return out
}

// fillers stand for what an export leaves out.
var fillers = []string{"<media omitted>", "<médias omis>", "<تم استبعاد الوسائط>", "<attached:", "image omitted", "video omitted", "audio omitted", "sticker omitted", "document omitted", "gif omitted", "null"}

// editedMark stands behind a message that its sender changed.
const editedMark = "<This message was edited>"

// readChat keeps the messages, each a paragraph, without stamps and senders.
func readChat(text []byte) (*Copy, error) {
	out := &lines{}
	keep := false
	for raw := range bytes.SplitSeq(text, []byte("\n")) {
		line := bytes.TrimRight(raw, "\r")
		rest, ok := cutStamp(line)
		if !ok {
			if keep {
				out.lineEnd()
				out.kept(string(line))
			}
			continue
		}
		message, named := cutSender(rest)
		if keep = named; !named {
			continue
		}
		out.end(emptyLine)
		s := strings.TrimSuffix(strings.TrimLeft(string(message), "\u200e\u200f"), editedMark)
		if isFiller(s) {
			out.leave(WarnPictures, 1)
			continue
		}
		out.kept(s)
	}
	return out.copy(Chat)
}

func isFiller(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, f := range fillers {
		if s == f || strings.HasSuffix(f, ":") && strings.HasPrefix(s, f) {
			return true
		}
	}
	return false
}
