// Package web holds the templates and static files of the pages, embedded. It
// has no logic: package site parses the templates and serves the files.
//
// Every template file but layout.html is one page: it defines "main", and may
// use what layout.html defines. They hold no logic beyond if and range, no
// script, and no inline style.
package web

import "embed"

//go:embed templates/*.html
var templates embed.FS

//go:embed static/*.css static/*.svg static/*.js
var static embed.FS

// Templates returns the file system with templates/NAME.html.
func Templates() embed.FS { return templates }

// Static returns the file system with static/NAME.
func Static() embed.FS { return static }
