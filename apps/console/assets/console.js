// Brings what changed into an open page. Everything works without it: it only saves the reader from loading again.
const PAUSE = 'Pause updates'
const RESUME = 'Resume updates'
/** A screen reader must be able to finish a sentence. */
const ANNOUNCE_MS = 5000
/** Delay in ms before a stream that was refused is opened again. */
const REOPEN_MS = 5000

const pauseButton = document.querySelector('[data-pause]')
const connection = document.querySelector('[data-connection]')
const announcer = document.querySelector('[data-announce]')

let paused = false
let newest
let announcedAt = 0
let announcing

function say(text) {
  if (connection.textContent !== text) connection.textContent = text
}

/** Replaces the parts that differ, but for one that the reader is in: that one follows when they have left it. */
function bringIn() {
  if (newest === undefined || paused) return
  document.title = newest.title
  const time = document.querySelector('[data-as-of]')
  const newTime = newest.querySelector('[data-as-of]')
  if (time !== null && newTime !== null) time.replaceWith(newTime.cloneNode(true))
  const before = document.querySelector('#summary')?.textContent
  if (partsOf(document) !== partsOf(newest)) replaceMain()
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = newest.getElementById(part.id)
    if (next === null) continue
    patch(part, next)
    if (next.outerHTML === part.outerHTML || isInUse(part)) continue
    const copy = next.cloneNode(true)
    keepPlace(part, copy)
    part.replaceWith(copy)
  }
  for (const form of document.querySelectorAll('main form')) {
    const fits = [...newest.querySelectorAll('main form')].some((next) => withoutOpen(next) === withoutOpen(form))
    warnStale(form, !fits && fieldsOf(form).some(isFilledIn))
  }
  const after = document.querySelector('#summary')?.textContent
  if (after !== before) announce(after)
}

/** Ignores differences that come from what the reader opened. */
const withoutOpen = (form) => form.outerHTML.replaceAll(' open=""', '')

/** Shows or removes, before a form or section, the warning that it no longer fits the state. */
function warnStale(place, isStale) {
  const shown = place.previousElementSibling?.matches('[data-stale]') ? place.previousElementSibling : undefined
  if (isStale === (shown !== undefined)) return
  if (!isStale) return shown.remove()
  const warning = document.createElement('p')
  warning.className = 'usa-alert usa-alert--warning'
  warning.dataset.stale = ''
  warning.setAttribute('role', 'alert')
  warning.innerHTML =
    'What this was made for has changed since. Nothing that you filled in was lost; <a href="">load again</a> before you send it.'
  place.before(warning)
}

const partsOf = (page) => [...page.querySelectorAll('main [data-live]')].map(({ id }) => id).join(' ')

/** Parts came or went: all is replaced, but for the line of the time and its button, unless the reader is in it. */
function replaceMain() {
  const main = document.querySelector('main')
  if (isInUse(main)) return
  const copy = newest.querySelector('main').cloneNode(true)
  keepPlace(main, copy)
  for (const name of ['.as-of', '[data-announce]']) copy.querySelector(name)?.replaceWith(main.querySelector(name))
  main.replaceWith(copy)
}

/** Pictures change in place: of `data-patch`, innermost elements with an id are replaced if they differ, also while the picture is used. */
function patch(part, next) {
  for (const fresh of next.querySelectorAll('[data-patch] [id]:not(:has([id]))')) {
    const stale = document.getElementById(fresh.id)
    if (stale === null || !part.contains(stale) || stale.outerHTML === fresh.outerHTML || isInUse(stale)) continue
    stale.replaceWith(fresh.cloneNode(true))
  }
}

function isInUse(part) {
  const selection = getSelection()
  const isSelected = selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode)
  return part.contains(document.activeElement) || isSelected || fieldsOf(part).some(isFilledIn)
}

const fieldsOf = (part) => [...part.querySelectorAll('input, textarea, select')]

function isFilledIn(field) {
  if (field.localName === 'select')
    return (
      field.selectedIndex !==
      Math.max(
        0,
        [...field.options].findIndex(({ defaultSelected }) => defaultSelected),
      )
    )
  return field.type === 'radio' || field.type === 'checkbox' ? field.checked !== field.defaultChecked : field.value !== field.defaultValue
}

/** Keeps opened details open, and scrolled elements at their position. */
function keepPlace(part, copy) {
  for (const details of part.querySelectorAll('details[open][id]'))
    copy.querySelector(`#${CSS.escape(details.id)}`)?.setAttribute('open', '')
  const scrolled = [...part.querySelectorAll('.usa-table-container--scrollable')].map(({ scrollLeft }) => scrollLeft)
  requestAnimationFrame(() => {
    for (const [index, region] of [...copy.querySelectorAll('.usa-table-container--scrollable')].entries())
      region.scrollLeft = scrolled[index] ?? 0
  })
}

function announce(text) {
  clearTimeout(announcing)
  const wait = Math.max(0, announcedAt + ANNOUNCE_MS - Date.now())
  announcing = setTimeout(() => {
    announcedAt = Date.now()
    announcer.textContent = text
  }, wait)
}

/** Absent on pages that follow nothing. */
if (pauseButton !== null) {
  pauseButton.hidden = false
  pauseButton.addEventListener('click', () => {
    paused = !paused
    pauseButton.textContent = paused ? RESUME : PAUSE
    say(paused ? 'Paused.' : '')
    if (paused) return stream.stop()
    bringIn()
    stream.start()
  })
  document.addEventListener('focusout', () => requestAnimationFrame(bringIn))
  const take = (page) => {
    newest = page
    bringIn()
  }
  const stream = follow(location.pathname + location.search, take, { isPaused: () => paused, report: say })
}

/**
 * Gives each newer copy of a page to `take`. Reads nothing while the window is hidden or `isPaused`, and catches up afterwards. `report`
 * is told of the connection.
 */
function follow(page, take, { isPaused = () => false, report = () => {} } = {}) {
  let source
  let reopening
  const stop = () => {
    clearTimeout(reopening)
    source?.close()
    source = undefined
  }
  const start = () => {
    if (source !== undefined || document.hidden || isPaused()) return
    source = new EventSource(`/console/live?page=${encodeURIComponent(page)}`)
    source.addEventListener('open', () => report('Live.'))
    source.addEventListener('error', () => {
      report('Connection lost; trying again.')
      // A browser reconnects what was cut off, and closes for good what got a status other than 200, such as 503.
      if (source?.readyState !== EventSource.CLOSED) return
      stop()
      reopening = setTimeout(start, REOPEN_MS)
    })
    source.addEventListener('message', ({ data }) => take(new DOMParser().parseFromString(JSON.parse(data), 'text/html')))
  }
  document.addEventListener('visibilitychange', () => (document.hidden ? stop() : start()))
  start()
  return { start, stop }
}

/** A picture on a page that is not followed changes with the page that it names, dot by dot; the rest of the page stays as it is. */
for (const part of document.querySelectorAll('[data-follow]')) {
  const button = document.createElement('button')
  Object.assign(button, { type: 'button', className: 'usa-button usa-button--outline', textContent: PAUSE })
  const isPaused = () => button.textContent === RESUME
  const { start, stop } = follow(part.dataset.follow, (page) => patch(part, page), { isPaused })
  button.addEventListener('click', () => {
    button.textContent = isPaused() ? PAUSE : RESUME
    if (isPaused()) stop()
    else start()
  })
  part.append(button)
}

/** A page that signs takes only the header of the page beside it, and is loaded again, or warns, when that page has another state. */
const beside = document.querySelector('main[data-beside]')
if (beside !== null) {
  let fitted = false
  follow(beside.dataset.beside, (page) => {
    for (const id of ['system-state', 'holds']) {
      const [old, fresh] = [document.getElementById(id), page.getElementById(id)]
      if (old !== null && fresh !== null && old.outerHTML !== fresh.outerHTML && !isInUse(old)) old.replaceWith(fresh.cloneNode(true))
    }
    const state = page.querySelector('main')?.dataset.state
    const fits = state === undefined || beside.dataset.state === undefined || state === beside.dataset.state
    // After its own signature the page leads to the result by itself.
    if (!fits && beside.querySelector('[data-outcome]')?.textContent) return
    // A first copy with another state may be older than this page.
    if (!fits && fitted && !isInUse(beside)) return location.reload()
    fitted ||= fits
    warnStale(beside.querySelector('[data-signing]') ?? beside.firstElementChild, !fits)
  })
}

// Ctrl K, or Command K, leads to the search; Escape closes the menus.
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') for (const menu of document.querySelectorAll('.usa-header details[open]')) menu.removeAttribute('open')
  if (event.key?.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return
  event.preventDefault()
  document.querySelector('[data-find]')?.focus()
})

/** Counts down what is timed, in the words of the server. */
setInterval(() => {
  for (const timer of document.querySelectorAll('[data-until]')) {
    const { until, of, ofMs } = timer.dataset
    const leftMs = Math.max(0, Date.parse(until) - Date.now())
    timer.textContent = `${timeLeft(leftMs)}${of === undefined ? '' : ` of ${of}`} left`
    if (of === undefined) continue
    timer.parentElement.querySelector('.ring-left').setAttribute('stroke-dasharray', `${((leftMs / Number(ofMs)) * 100).toFixed(1)} 100`)
  }
}, 1000)

function timeLeft(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (days > 0) return `${days} ${days === 1 ? 'day' : 'days'} ${hours % 24} h`
  if (hours > 0) return `${hours} h ${minutes % 60} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} sec` : `${seconds} sec`
}
