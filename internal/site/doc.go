// Package site serves the pages for people: what was published, and the verdict
// on a copy. Everything works without a script; there is none.
//
// The addresses are
//
//	GET  /                  what this is, the form, the publications
//	POST /verify            the verdict on a copy: fields text, file, publication
//	GET  /p/{slug}          a publication and its versions
//	GET  /p/{slug}/v/{n}    a version: texts, signatory list, downloads
//	GET  /p/{slug}/history  every version and retraction, and what each changed
//	GET  /p/{slug}/compare/{a}/{b}   what differs between two versions, word by word
//	GET  /p/{slug}/compare  sends a form's choice (before, after) on to that address
//	GET  /static/{file}     style and icon, named by their content
//
// For instance, POST /verify with a published text in whose line “Open the seven
// gates at once.” somebody has written “nine” answers with a page whose heading is
// “Altered”, and which shows
//
//	Open the <del>seven</del><ins>nine</ins> gates at once.
//
// and says: the published text says “seven”, the copy says “nine”.
//
// What a publisher withdrew is marked on every page that shows it.
//
// A page says what the verdict of package match says and no more. What strangers
// send is shown as text, isolated from the direction of what surrounds it, with
// each character that cannot be seen in a box that names it: U+202E. No copy is
// stored or logged. The Content-Security-Policy allows this server's own style,
// images and forms, and nothing else.
//
// Downloads, head, checkpoint and bundles are served elsewhere (the API); pages
// link to them.
package site
