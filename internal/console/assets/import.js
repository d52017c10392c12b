// The import of users without leaving its page: a file can be dropped, a bar shows the
// progress, and the report is kept to be downloaded. Without this, the forms do the same
// with a page for each step.
(() => {
  'use strict'
  const form = document.querySelector('[data-import]')
  const meter = document.querySelector('[data-meter]')
  const outcome = document.getElementById('outcome')
  const progress = meter.querySelector('progress')
  const count = meter.querySelector('[data-count]')
  let sent // the form as it was previewed

  // events gives what the server sends, line by line.
  async function* events(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    for (let rest = ''; ;) {
      const { value, done } = await reader.read()
      const lines = (rest + (value ?? '')).split('\n')
      rest = lines.pop()
      for (const line of lines) yield JSON.parse(line)
      if (done) return
    }
  }

  function show(html) {
    outcome.innerHTML = html
    window.htmx?.process(outcome)
  }

  async function send(path, data) {
    const report = []
    let ended = false
    document.getElementById('alert').replaceChildren()
    progress.removeAttribute('value')
    count.textContent = 'Sending the list…'
    meter.hidden = false
    form.inert = outcome.inert = true
    try {
      const answer = await fetch(path, { method: 'POST', body: data, headers: { Accept: 'application/x-ndjson', 'HX-Request': 'true' } })
      const to = answer.headers.get('HX-Redirect')
      if (to) return location.assign(to)
      if (!answer.headers.get('Content-Type')?.startsWith('application/x-ndjson')) {
        document.getElementById('alert').innerHTML = await answer.text()
        return
      }
      for await (const event of events(answer.body)) {
        if (event.report) report.push(event.report)
        if (event.done) {
          progress.max = Math.max(event.of, event.done)
          progress.value = event.done
          count.textContent = event.done.toLocaleString('en') + ' lines'
        }
        if (event.html !== undefined) { show(event.html); ended = true }
      }
      if (!ended) throw new Error('cut off')
    } catch {
      show('')
      const p = document.createElement('p')
      p.className = 'error'
      p.setAttribute('role', 'alert')
      p.textContent = 'The connection was lost, or the file has changed. Preview the list again: users who are there already stay as they are.'
      outcome.append(p)
    } finally {
      meter.hidden = true
      form.inert = outcome.inert = false
    }
    const link = outcome.querySelector('[data-report]')
    if (link) {
      link.href = URL.createObjectURL(new Blob(report, { type: 'text/csv' }))
      link.hidden = false
    }
    outcome.focus()
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault()
    sent = new FormData(form)
    send(form.action, sent)
  })
  outcome.addEventListener('submit', (event) => {
    if (!event.target.matches('[data-import-run]') || !sent) return
    event.preventDefault()
    send(event.target.action, sent)
  })
  // Another list needs another preview.
  form.addEventListener('input', () => { sent = undefined; show('') })

  const file = form.querySelector('[type="file"]')
  const over = (on) => form.classList.toggle('over', on)
  for (const kind of ['dragenter', 'dragover']) form.addEventListener(kind, (event) => { event.preventDefault(); over(true) })
  form.addEventListener('dragleave', (event) => { if (!form.contains(event.relatedTarget)) over(false) })
  form.addEventListener('drop', (event) => {
    event.preventDefault()
    over(false)
    if (!event.dataTransfer.files.length) return
    file.files = event.dataTransfer.files
    form.requestSubmit()
  })
})()
