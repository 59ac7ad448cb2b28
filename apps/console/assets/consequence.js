// On a page that is signed: brings in the result of a trial once it is there, and moves "What if" without a request.
/** Delay in ms between two loads of the page; each waits some seconds for the trial by itself. */
const PAUSE_MS = 1500
/** After that the reader may load the page again. */
const GIVE_UP_MS = 120_000
const SHOWN_SITES = 6

const text = (n) => n.toLocaleString('en-US')

/**
 * Makes the field a number that answers while the reader types, and adds a slider beside it. The slider's steps are the indices of the
 * values that the page has, so it reaches each value and none between; a number between two of them becomes the nearest.
 */
function followWhatIf() {
  const part = document.querySelector('[data-what-if]')
  if (part === null) return
  const { values, violations, base, sites } = JSON.parse(part.dataset.whatIf)
  const [field, list] = [part.querySelector('input'), part.querySelector('[data-sites]')]
  if (field.type === 'number') return
  const slider = Object.assign(document.createElement('input'), { type: 'range', min: '0', max: String(values.length - 1), step: '1' })
  slider.setAttribute('aria-label', field.labels[0].textContent)
  const put = (mark, said) => (part.querySelector(`[data-${mark}]`).textContent = said)
  const show = (at) => {
    slider.value = String(at)
    slider.setAttribute('aria-valuetext', `${values[at]}: ${text(violations[at])} violations`)
    put('at', String(values[at]))
    put('violations', text(violations[at]))
    if (base >= 0) put('difference', difference(violations[at] - violations[base]))
    const lines = base >= 0 ? sitesAt(sites, at, base) : []
    list.replaceChildren(...lines.map(item))
    list.hidden = lines.length === 0
  }
  const settle = () => (field.value = String(values[slider.value]))
  part.querySelector('button').hidden = true
  const start = nearest(values, Number(field.value))
  Object.assign(field, { type: 'number', step: 'any', value: String(values[start]) })
  field.after(slider)
  field.addEventListener('input', () => field.value !== '' && show(nearest(values, Number(field.value))))
  field.addEventListener('change', settle)
  slider.addEventListener('input', () => {
    show(Number(slider.value))
    settle()
  })
  part.querySelector('form').addEventListener('submit', (event) => event.preventDefault())
  show(start)
}

function nearest(values, wanted) {
  return values.reduce((best, value, index) => (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? index : best), 0)
}

function difference(change) {
  return change === 0 ? 'as many as' : `${text(Math.abs(change))} ${change > 0 ? 'more' : 'fewer'} than`
}

/** Sites that change most against what is in force. */
function sitesAt(sites, at, base) {
  return sites
    .map(({ name, violations }) => ({ name, before: violations[base], after: violations[at] }))
    .filter(({ before, after }) => before !== after)
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
    .slice(0, SHOWN_SITES)
    .map(({ name, before, after }) => `${name}: ${text(before)} → ${text(after)}`)
}

function item(said) {
  const element = document.createElement('li')
  element.textContent = said
  return element
}

/** Replaces the parts of the page that the trial fills, and nothing that the reader types in. */
async function bringIn() {
  const response = await fetch(location.pathname + location.search, { headers: { accept: 'text/html' } })
  if (!response.ok) return
  const newest = new DOMParser().parseFromString(await response.text(), 'text/html')
  for (const part of document.querySelectorAll('[data-part]')) {
    const next = newest.getElementById(part.id)
    if (next !== null && next.innerHTML !== part.innerHTML) part.replaceChildren(...next.cloneNode(true).childNodes)
  }
  if (document.querySelector('[data-pending]') === null) followWhatIf()
}

async function waitForTrial() {
  const until = Date.now() + GIVE_UP_MS
  while (document.querySelector('[data-pending]') !== null && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    await bringIn().catch(() => undefined)
  }
}

followWhatIf()
void waitForTrial()
