package browsertest

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/page"
)

// Screenshot writes a picture of the viewport, as PNG.
func (b *Browser) Screenshot(file string) {
	b.Helper()
	taken := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng})
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, taken.Data, 0o644); err != nil {
		b.Fatal(err)
	}
}
