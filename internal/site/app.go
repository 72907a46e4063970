package site

import "encoding/json"

// The pages can be installed as an app, which receives what other apps share. What is
// shared is posted to /share, and the service worker answers that on the device; a
// server sees it only where no worker runs, and then reads nothing of it.

type manifestIcon struct {
	Source  string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
}

// manifest describes the app (W3C Web Application Manifest; share_target as in the Web
// Share Target draft).
func (v *visit) manifest() (document, error) {
	type m = map[string]any
	var icons []manifestIcon
	for _, i := range []manifestIcon{{v.favicon, "any", "image/svg+xml", "any"}, {v.icon192, "192x192", "image/png", "any"}, {v.icon512, "512x512", "image/png", "maskable"}} {
		if i.Source != "" {
			icons = append(icons, i)
		}
	}
	b, err := json.Marshal(m{
		"name": "Sijil سجل", "short_name": "Sijil", "id": "/", "lang": v.Language, "dir": v.Direction(), "description": v.Say("app_description"),
		"start_url": v.to("/"), "scope": "/", "display": "standalone", "background_color": "#fbfaf7", "theme_color": "#0b5563", "icons": icons,
		"share_target": m{
			"action": v.to("/share"), "method": "POST", "enctype": "multipart/form-data",
			"params": m{"title": "title", "text": "text", "url": "url", "files": []m{{"name": "file",
				"accept": []string{"text/plain", "text/html", "text/markdown", "application/pdf", "image/png", "image/jpeg", "message/rfc822",
					".txt", ".md", ".html", ".pdf", ".docx", ".odt", ".eml", ".zip", ".png", ".jpg", ".jpeg"}}}},
		},
	})
	return document{contentType: "application/manifest+json", body: b}, err
}

// worker is the service worker's script. It has one address and is asked for anew.
func (v *visit) worker() (document, error) {
	return document{contentType: "text/javascript; charset=utf-8", body: v.workerScript}, nil
}

// share is where shared things arrive when no worker is there to take them.
func (v *visit) share() (answer, error) {
	return v.message(0, v.Say("share_heading"), v.Say("share_note")), nil
}
