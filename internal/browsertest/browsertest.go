// Package browsertest drives a real Chromium, for tests of pages. Tests that use it are
// skipped with -short. scripts/with-chromium.sh installs Debian's package where there is none.
package browsertest

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is a browser with one tab and a profile of its own. Its methods fail the test if
// they can't do what they are for.
type Browser struct {
	testing.TB
	ctx context.Context // the tab: chromedp has it in a context

	mu       sync.Mutex
	problems []string
	bytes    int64
}

// patience bounds each step of a test, so that one that hangs says where.
const patience = 2 * time.Minute

// Start starts a browser that ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	path := find()
	if path == "" {
		t.Fatal("Chromium is missing. Install it (Debian: apt-get install chromium), or skip these tests with -short.")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("lang", "en-US"), chromedp.Flag("hide-scrollbars", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(end)
	b := &Browser{TB: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	for _, domain := range []string{network.CommandEnable, log.CommandEnable, runtime.CommandEnable} {
		call(b, cdp.Command[cdp.Empty, cdp.Empty]{Method: domain}, cdp.Empty{})
	}
	b.Size(1280, 800)
	return b
}

// call sends a command to the tab.
func call[P, R any](b *Browser, command cdp.Command[P, R], params P) R {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// listen collects what pages do wrong, and what they weigh.
func (b *Browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// A page that answers with an error is a test's own affair; a violated policy is not.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			b.problems = append(b.problems, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+(&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *page.EventJavascriptDialogOpening:
		b.problems = append(b.problems, "a script opened a dialog: "+e.Message)
	case *network.EventLoadingFinished:
		b.bytes += int64(e.EncodedDataLength)
	}
}

// Problems returns what went wrong in pages since the last call: exceptions, errors on the
// console, and violations of the Content-Security-Policy.
func (b *Browser) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := b.problems
	b.problems = nil
	return found
}

// Transferred returns how many bytes were received since the last call.
func (b *Browser) Transferred() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.bytes
	b.bytes = 0
	return n
}

// Do runs steps.
func (b *Browser) Do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatalf("%s: %v; %s", what, err, b.scene())
	}
}

// scene says where the browser is and what it shows, for failures.
func (b *Browser) scene() string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	return fmt.Sprintf("the page at %s shows: %.800s", at, strings.Join(strings.Fields(text), " "))
}

// Open goes to a page and waits until it is loaded.
func (b *Browser) Open(url string) {
	b.Helper()
	b.Do("open "+url, chromedp.Navigate(url))
}

// awaitScripts waits until the page has loaded. Text is visible before the page's scripts
// listen, and a key or a click between the two does nothing.
func (b *Browser) awaitScripts() {
	b.Helper()
	b.Await(`document.readyState === "complete"`)
}

// Click clicks the first element that a selector finds, once it is visible.
func (b *Browser) Click(selector string) {
	b.Helper()
	b.awaitScripts()
	b.Do("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Type types into a field.
func (b *Browser) Type(selector, text string) {
	b.Helper()
	b.awaitScripts()
	b.Do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// Upload chooses files in a field for files, and leaves the focus there.
func (b *Browser) Upload(selector string, files ...string) {
	b.Helper()
	field := chromedp.CSS(selector)
	b.Do("choose a file in "+selector, chromedp.SetUploadFiles(field, files), chromedp.Focus(field))
}

// Press presses keys on whatever has the focus.
func (b *Browser) Press(keys string) {
	b.Helper()
	b.awaitScripts()
	b.Do("press "+keys, chromedp.KeyEvent(keys))
}

// Await waits until an expression in JavaScript is true, on whichever page.
func (b *Browser) Await(expression string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		// While a page is replaced by another, there is none to ask.
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			b.Fatalf("await %s: not within %v; %s", expression, patience, b.scene())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// AwaitText waits until the page shows a text.
func (b *Browser) AwaitText(text string) {
	b.Helper()
	b.Await(fmt.Sprintf("document.body && document.body.innerText.includes(%q)", text))
}

// Eval evaluates an expression in JavaScript, or awaits the promise that it gives.
func Eval[T any](b *Browser, expression string) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("evaluate %.80s: %v; %s", expression, err, b.scene())
	}
	return result
}

// Text returns what the page shows.
func (b *Browser) Text() string {
	b.Helper()
	return Eval[string](b, `document.body.innerText`)
}

// Location returns the address of the page.
func (b *Browser) Location() string {
	b.Helper()
	return Eval[string](b, `location.href`)
}

// SetCookie sets a cookie for an address.
func (b *Browser) SetCookie(url, name, value string) {
	b.Helper()
	yes := true
	call(b, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: url, HTTPOnly: &yes, SameSite: network.CookieSameSiteLax})
}

// Size sets the size of the viewport.
func (b *Browser) Size(width, height int64) {
	b.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
	})
}

// Dark chooses the dark or the light color scheme.
func (b *Browser) Dark(dark bool) {
	b.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// Overflow returns how many pixels of the page are beyond the viewport's right edge.
func (b *Browser) Overflow() int {
	b.Helper()
	return Eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
}
