package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"sync"
)

// assetRoot is below no organization: ids of organizations have letters.
const assetRoot = Root + "-/"

//go:embed assets/*.css assets/*.js assets/*.svg
var assetFiles embed.FS

// assetSources are the files that each asset is made of, in their order.
var assetSources = map[string][]string{
	"console.css": {"pico.css", "tokens.css", "frame.css", "console.css"},
	"console.js":  {"htmx.js", "console.js"},
	"import.js":   {"import.js"},
	"icon.svg":    {"icon.svg"},
}

// asset is a file that pages refer to. Its name has a hash of its contents, so that
// browsers may keep it for ever.
type asset struct {
	name        string // with the hash
	contentType string
	plain       []byte
	zipped      []byte
}

var assets = sync.OnceValue(func() map[string]asset {
	all := make(map[string]asset)
	for name, sources := range assetSources {
		var b bytes.Buffer
		for _, source := range sources {
			text, err := assetFiles.ReadFile("assets/" + source)
			if err != nil {
				panic(err) // a test reads every asset
			}
			b.Write(text)
			b.WriteByte('\n')
		}
		sum := sha256.Sum256(b.Bytes())
		stem, ext, _ := strings.Cut(name, ".")
		all[name] = asset{
			name: stem + "." + hex.EncodeToString(sum[:8]) + "." + ext, contentType: contentTypes[path.Ext(name)],
			plain: b.Bytes(), zipped: zip(b.Bytes()),
		}
	}
	return all
})

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func zip(plain []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is valid
	}
	_, _ = z.Write(plain) // to memory
	_ = z.Close()
	return b.Bytes()
}

// assetPath is where an asset is, by its name without a hash.
func assetPath(name string) string { return assetRoot + assets()[name].name }

// serveAsset serves an asset. While nodes of different versions run, a page of one may ask
// another for an asset by a hash that is not its own; it gets the node's, which is not kept.
func serveAsset(w http.ResponseWriter, r *http.Request, file string) {
	parts := strings.Split(file, ".")
	a, ok := assets()[parts[0]+path.Ext(file)]
	if !ok || len(parts) != 3 {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	if file == a.name {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Type", a.contentType)
	h.Add("Vary", "Accept-Encoding")
	body := a.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.zipped
	}
	w.Write(body) // a client that is gone needs no answer
}
