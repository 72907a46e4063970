// Package site serves the pages for people: what was published, and the verdict on a
// copy. Everything works without a script; with one, copies are checked in the browser.
//
// The addresses are
//
//	GET  /                  what this is, the form, the publications
//	POST /verify            the verdict on a copy: fields text, file, address, publication
//	GET  /check             asks whether to fetch and check the page that a badge leads from
//	GET  /p/{slug}          a publication: its text today, signatories, downloads, versions
//	GET  /p/{slug}/v/{n}    a version: texts, signatory list, downloads
//	GET  /p/{slug}/v/{n}/print/{lang}   the same for paper, with a code
//	GET  /p/{slug}/history  every version and retraction, and what each changed
//	GET  /p/{slug}/chain    every record, and how each names the one before
//	GET  /p/{slug}/compare/{a}/{b}   what differs between two versions, word by word
//	GET  /p/{slug}/compare  sends a form's choice (before, after) on to that address
//	GET  /p/{slug}/embed    what a webmaster puts on a page
//	GET  /p/{slug}/qr.svg, badge.svg, evidence.zip, feed.atom, feed.json
//	GET  /feed.atom, /feed.json, /oembed
//	GET  /log, /log/entries/{index}   the checkpoint, its witnesses, an entry
//	GET  /i/{token}         an invitation: what is asked, and the ways to answer (Invitations);
//	                        ?say= chooses endorsement, withdrawal or denial, ?text= the language read
//	POST /i/{token}/domain  looks at the domain of the list entry, now
//	POST /i/{token}/mail    gives a mail to send
//	GET  /app.webmanifest, /worker.js, /verifier.html
//	POST /share             what another app shared; a service worker answers it
//	GET  /static/{file}     style, scripts, messages, icon, named by their content
//
// Each is there in English, French and Arabic: /fr/p/river is French for everybody, and
// /p/river in the language that the browser asks for. What the pages say is in
// web/messages (package message), never in code or templates.
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
// stored or logged. The Content-Security-Policy allows this server's own scripts, style,
// images and forms, and nothing else.
//
// Downloads, head, checkpoint and bundles are served elsewhere (the API); pages
// link to them.
package site
