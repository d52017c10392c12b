// What pages do beyond links and forms: keys, dialogs, copying. Every page works
// without it.
(() => {
  'use strict'
  const $ = (selector, within = document) => within.querySelector(selector)
  const all = (selector) => [...document.querySelectorAll(selector)]
  const wide = matchMedia('(min-width: 48rem)')

  // Single keys can be turned off (WCAG 2.2, 2.1.4).
  const setting = 'roster-shortcuts'
  const shortcuts = () => localStorage.getItem(setting) !== 'off'

  function open(id) {
    const dialog = document.getElementById(id)
    if (!dialog) return false
    dialog.removeAttribute('open')
    dialog.showModal()
    return true
  }

  function step(by) {
    const rows = all('[data-list] [data-row]')
    if (!rows.length) return
    const at = rows.indexOf(document.activeElement)
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)
    rows[next].focus()
    rows[next].scrollIntoView({ block: 'nearest' })
  }

  let going = 0
  const keys = {
    '/': () => { const search = $('[data-search]'); search?.focus(); search?.select(); return search },
    '?': () => open('help'),
    c: () => { const create = $('[data-create]'); create?.click(); return create },
    g: () => { going = Date.now(); return true },
    j: () => { step(1); return true },
    k: () => { step(-1); return true },
  }

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const field = event.target.closest('input, select, textarea')
    if (event.key === 'Escape' && field?.matches('[data-search]')) return field.blur()
    if (event.key === 'ArrowDown' && field?.matches('[data-search]')) { event.preventDefault(); return step(1) }
    if (field || $('dialog:modal')) return
    if (event.target.matches('[data-row]') && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault()
      return step(event.key === 'ArrowDown' ? 1 : -1)
    }
    if (!shortcuts()) return
    if (Date.now() - going < 1500) {
      going = 0
      const link = all('[data-key]').find((a) => a.dataset.key === event.key)
      if (link) { event.preventDefault(); return link.click() }
    }
    if (keys[event.key]?.()) event.preventDefault()
  })

  document.addEventListener('click', (event) => {
    const opener = event.target.closest('[data-open]')
    if (opener && open(opener.dataset.open)) event.preventDefault()
    const closer = event.target.closest('[data-close]')
    if (closer?.closest('dialog:modal')) { event.preventDefault(); closer.closest('dialog').close() }
    const copy = event.target.closest('[data-copy]')
    if (copy) {
      const source = copy.dataset.copy ? $(copy.dataset.copy) : copy
      navigator.clipboard?.writeText(source.value ?? source.textContent).then(() => announce(copy))
    }
    for (const menu of all('.side details[open]')) {
      if (!menu.contains(event.target) && !(wide.matches && menu.hasAttribute('data-menu'))) menu.open = false
    }
  })

  function announce(element) {
    const before = element.textContent
    if (element.tagName === 'BUTTON') {
      element.textContent = 'Copied'
      setTimeout(() => { element.textContent = before }, 1500)
    }
    const status = $('#status')
    if (status) status.textContent = 'Copied'
  }

  // A form that is sent twice would do what it does twice.
  document.addEventListener('submit', (event) => {
    if (event.target.method !== 'post' || event.defaultPrevented) return
    setTimeout(() => { for (const b of event.target.querySelectorAll('button')) b.disabled = true })
  })
  addEventListener('pageshow', () => { for (const b of all('form button[disabled]')) b.disabled = false })

  // What is live asks again while somebody looks at it. Asking uses the session, which must
  // be able to end in front of an empty chair.
  let seen = Date.now()
  for (const kind of ['pointermove', 'pointerdown', 'keydown', 'scroll', 'focus']) {
    addEventListener(kind, () => { seen = Date.now() }, { passive: true, capture: true })
  }
  setInterval(() => {
    const watched = document.visibilityState === 'visible' && Date.now() - seen < 15 * 60 * 1000
    const badge = $('.live')
    if (badge) badge.textContent = watched ? 'Live' : 'Paused'
    if (badge) badge.hidden = !$('[data-poll]')
    if (watched) for (const live of all('[data-poll]')) htmx.trigger(live, 'poll')
  }, 3000)

  // An error of a part stays until the next part is asked for.
  document.addEventListener('htmx:beforeRequest', () => $('#alert')?.replaceChildren())

  // A slider chooses the time in a field, to the minute. Its right end is now: an empty field.
  for (const slider of all('[data-slider]')) {
    const field = $(slider.dataset.slider)
    const time = () => slider.value === slider.max ? '' : new Date(slider.value * 60000).toISOString().slice(0, 16)
    const say = () => {
      const text = time() ? time().replace('T', ' ') + ' UTC' : 'now'
      slider.setAttribute('aria-valuetext', text)
      $('output', slider.parentElement).textContent = text
    }
    slider.addEventListener('input', () => { field.value = time(); say() })
    field.addEventListener('input', () => { slider.value = field.value ? Date.parse(field.value + 'Z') / 60000 : slider.max; say() })
    say()
  }

  // A row to fill in is followed by another one as soon as something is in it.
  document.addEventListener('input', (event) => {
    const row = event.target.closest('[data-grow]')
    if (!row || !event.target.value || event.target.type === 'checkbox' || row.nextElementSibling?.hasAttribute('data-grow')) return
    const next = row.cloneNode(true)
    for (const field of next.querySelectorAll('input, select')) {
      field.name = field.name.replace(/:(\d+):/, (_, n) => `:${+n + 1}:`)
      field.ariaLabel = field.ariaLabel?.replace(/\d+$/, (n) => +n + 1)
      if (field.type === 'checkbox') field.checked = false
      else if (field.tagName === 'INPUT') field.value = ''
      field.removeAttribute('autofocus')
      field.removeAttribute('aria-invalid')
    }
    row.after(next)
  })

  // An id follows the name that is typed, until somebody types another one.
  document.addEventListener('input', (event) => {
    const form = event.target.closest('[data-slug]')
    if (!form) return
    if (event.target.name === 'id') form.dataset.slug = 'typed'
    else if (event.target.name === 'name' && form.dataset.slug !== 'typed') {
      form.elements.id.value = event.target.value.normalize('NFKD').toLowerCase().replace(/[\u0300-\u036f]/g, '').replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+/, '').slice(0, 64).replace(/-$/, '')
    }
  })

  function unfoldMenu() { const menu = $('[data-menu]'); if (menu) menu.open = wide.matches }
  wide.addEventListener('change', unfoldMenu)
  unfoldMenu()
  for (const b of all('[data-open][hidden]')) b.hidden = false
  for (const dialog of all('dialog[open]')) open(dialog.id)
  const box = $('[data-shortcuts]')
  if (box) {
    box.checked = shortcuts()
    box.addEventListener('change', () => localStorage.setItem(setting, box.checked ? 'on' : 'off'))
  }
})()
