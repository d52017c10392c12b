package signin

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"path"
)

// page is what the templates show.
type page struct {
	Title    string
	Error    string
	Next     string // a path of this server; empty: wherever one lands
	Mail     bool   // links are mailed
	Passkeys bool
	Issuers  []Issuer
	ByIssuer bool   // organizations may have issuers
	Version  string // of the assets
}

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

// assetVersion is in the paths of assets, so that browsers may keep them for ever.
var assetVersion = func() string {
	sum := sha256.New()
	for _, name := range []string{"signin.css", "signin.js"} {
		b, _ := assetFiles.ReadFile("assets/" + name)
		sum.Write(b)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}()

// templates are the pages by name, each with the frame around it.
var templates = func() map[string]*template.Template {
	all := make(map[string]*template.Template)
	for _, name := range []string{"start", "link", "mail", "passkey", "issuers", "error"} {
		all[name] = template.Must(template.ParseFS(templateFiles, "templates/frame.html", "templates/"+name+".html"))
	}
	return all
}()

func (s *SignIn) show(rq *request, status int, name string, p page) {
	p.Version = assetVersion
	var b bytes.Buffer
	if err := templates[name].ExecuteTemplate(&b, "frame.html", p); err != nil {
		s.o.Log.Error("a page could not be made", "trace", rq.call.TraceID, "page", name, "error", err)
		http.Error(rq.w, "internal error", http.StatusInternalServerError)
		return
	}
	rq.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	rq.w.WriteHeader(status)
	_, _ = rq.w.Write(b.Bytes()) // a client that is gone needs no response
}

// asset serves a script or style.
func (s *SignIn) asset(rq *request) error {
	b, err := assetFiles.ReadFile("assets/" + rq.PathValue("file"))
	if err != nil || rq.PathValue("version") != assetVersion {
		return errNoPage
	}
	h := rq.w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", "text/css; charset=utf-8")
	if path.Ext(rq.PathValue("file")) == ".js" {
		h.Set("Content-Type", "text/javascript; charset=utf-8")
	}
	_, _ = rq.w.Write(b) // a client that is gone needs no response
	return nil
}
