package mirror

import (
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
)

// Handler serves a mirror's folder as the service did: the same paths and
// types, for reading alone. Any static host does as well; this one keeps no
// access log. The folder may be updated meanwhile.
func Handler(dir string) (http.Handler, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	files := http.FileServerFS(noFolders{root.FS()})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "a mirror is for reading", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		if rest, ok := strings.CutPrefix(name, "api/v2/"); ok {
			name = rest
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'")
		h.Set("Content-Type", contentType(name))
		h.Set("Cache-Control", caching(name))
		r2 := r.Clone(r.Context())
		r2.URL.Path, r2.URL.RawPath = "/"+name, ""
		files.ServeHTTP(w, r2)
	}), nil
}

func contentType(name string) string {
	switch {
	case strings.HasPrefix(name, "tile/"):
		return "application/octet-stream"
	case strings.HasSuffix(name, ".bundle.json"):
		return "application/vnd.dev.sigstore.bundle.v0.3+json"
	case strings.HasSuffix(name, ".json"):
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

func caching(name string) string {
	if strings.HasPrefix(name, "tile/") || lasting.MatchString(name) && strings.HasSuffix(name, ".txt") {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// noFolders hides folders and files on their way.
type noFolders struct{ fs.FS }

func (n noFolders) Open(name string) (fs.File, error) {
	if strings.HasPrefix(path.Base(name), ".") {
		return nil, fs.ErrNotExist
	}
	f, err := n.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, fs.ErrNotExist
	}
	return f, nil
}
