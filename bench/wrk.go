package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"text/template"
	"time"
)

// load is what wrk sends: requests whose path or body may hold %d for a number, drawn
// from the n numbers from [firstUser] on, or counted up from a start if n is 0.
type load struct {
	path, body string // with a body, it is a POST
	header     map[string]string
	n          int
	conns      int
}

func (l load) method() string {
	if l.body != "" {
		return http.MethodPost
	}
	return http.MethodGet
}

// send sends the request with a number.
func (l load) send(p *process, number int) (*http.Response, error) {
	fill := func(text string) string { return strings.ReplaceAll(text, "%d", fmt.Sprint(number)) }
	return send(l.method(), "http://"+p.addr+fill(l.path), l.header, fill(l.body))
}

// sample is what one side did in one round.
type sample struct {
	rate     float64 // requests a second
	p50, p99 time.Duration
	cpu      time.Duration // of the server, for each request
}

// The script prepares requests before the clock runs, or formats each if they count.
var script = template.Must(template.New("").Parse(`
local header = { {{range $k, $v := .Header}}["{{$k}}"]={{printf "%q" $v}}, {{end}} }
local function make(n)
  local body = nil
  {{if .Body}}body = string.gsub({{printf "%q" .Body}}, "%%d", n){{end}}
  return wrk.format("{{.Method}}", (string.gsub({{printf "%q" .Path}}, "%%d", n)), header, body)
end
local prepared, at, count = {}, 0, {{.Start}}
function init(args)
  math.randomseed(42)
  for i = 1, {{.Prepared}} do prepared[i] = make(string.format("%d", {{.First}} + math.random(0, {{.N}} - 1))) end
end
function request()
  if #prepared == 0 then
    count = count + 1
    return make(string.format("%d", count))
  end
  at = at % #prepared + 1
  return prepared[at]
end
function done(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('RESULT {"requests":%d,"micros":%d,"failed":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
`))

// counted makes each run's numbers its own, so that what is created is new.
var counted = 0

// drive runs wrk against a server for a while.
func (l *lab) drive(ctx context.Context, p *process, work load, d time.Duration) sample {
	counted += 10_000_000
	var lua bytes.Buffer
	check(script.Execute(&lua, map[string]any{
		"Header": work.header, "Body": work.body, "Method": work.method(), "Path": work.path,
		"Start": counted, "Prepared": min(10*work.n, 10_000), "First": firstUser, "N": work.n,
	}))
	file := l.path("load.lua")
	check(os.WriteFile(file, lua.Bytes(), 0o600))
	before := p.cpu()
	cmd := exec.CommandContext(ctx, "taskset", "-c", loadCore, "wrk", "-t1", fmt.Sprintf("-c%d", work.conns),
		fmt.Sprintf("-d%ds", int(d.Seconds())), "--timeout", "30s", "-s", file, "http://"+p.addr)
	out := output(cmd)
	used := p.cpu() - before
	_, line, found := strings.Cut(string(out), "RESULT ")
	var r struct{ Requests, Micros, Failed, P50, P99 int64 }
	if err := json.Unmarshal([]byte(strings.SplitN(line, "\n", 2)[0]), &r); !found || err != nil {
		check(fmt.Errorf("wrk printed no result:\n%s", out))
	}
	if r.Failed > 0 || r.Requests == 0 {
		check(fmt.Errorf("%s %s: %d of %d requests failed:\n%s", work.method(), work.path, r.Failed, r.Requests, out))
	}
	return sample{
		rate: float64(r.Requests) / (float64(r.Micros) / 1e6),
		p50:  time.Duration(r.P50) * time.Microsecond, p99: time.Duration(r.P99) * time.Microsecond,
		cpu: used / time.Duration(r.Requests),
	}
}

// warm sends each request once, so that what is measured is what stays in memory.
func warm(p *process, work load) {
	const each = 8
	errs := make(chan error, each)
	for part := range each {
		go func() {
			var err error
			for i := part; i < work.n && err == nil; i += each {
				_, err = answered(work.send(p, firstUser+i))
			}
			errs <- err
		}()
	}
	for range each {
		check(<-errs)
	}
}
