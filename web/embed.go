// Package web holds the templates, messages and static files of the pages, embedded.
// It has no logic: package site parses the templates and serves the files.
//
// Every template file but layout.html and parts.html is one page: it defines "main",
// and may use what those two define. They hold no logic beyond if and range, no
// script, no inline style, and no words: those are in messages/GROUP.LANG.json.
package web

import "embed"

//go:embed templates/*.html
var templates embed.FS

//go:embed messages/*.json
var messages embed.FS

//go:embed static/*.css static/*.svg static/*.js static/*.png
var static embed.FS

//go:embed verifier/*.html
var verifier embed.FS

// Verifier returns the file system with verifier/verifier.html, the frame of the portable
// verifier.
func Verifier() embed.FS { return verifier }

// Templates returns the file system with templates/NAME.html.
func Templates() embed.FS { return templates }

// Messages returns the file system with messages/GROUP.LANG.json.
func Messages() embed.FS { return messages }

// Static returns the file system with static/NAME.
func Static() embed.FS { return static }
