// The page that holds the panes: it opens one connection, and each pane receives only its own rule.
import { openBridge } from './bridge.js'
import { Drawing, valueOf } from './pane-view.js'

const LIVE = 'The bridge is live.'
const status = document.querySelector('[data-bridge]')
const frames = [...document.querySelectorAll('iframe[data-pane-frame]')]
const drawings = []
/** Ids whose rule changed while the reader has updates paused. */
const waiting = new Set()
let paused = false

function say(text) {
  status.textContent = text
}

/** In the page as in its frames: what comes meanwhile is held, and shown afterwards. */
function pause(bridge) {
  paused = !paused
  for (const drawing of drawings) drawing.pause(paused)
  for (const { dataset } of frames) bridge.emit('page:paused', { id: dataset.paneFrame, paused })
  waiting.clear()
  say(LIVE)
}

function count(id) {
  if (!paused) return
  waiting.add(id)
  say(`Paused: ${waiting.size} ${waiting.size === 1 ? 'change waits' : 'changes wait'}.`)
}

try {
  const bridge = await openBridge({ url: location.origin })
  bridge.on('bridge:stale', ({ reason }) => say(`Stale: ${reason}. The panes keep what they show.`))
  bridge.on('bridge:ready', () => say(LIVE))
  say(bridge.state === 'READY' ? LIVE : 'Stale.')
  for (const element of document.querySelectorAll('[data-pane]')) {
    const { policy } = element.dataset
    const pane = bridge.pane({ name: element.id, policies: [policy] })
    const drawing = new Drawing(element, valueOf(pane, policy))
    pane.on('policy:changed', ({ value }) => drawing.show(value))
    drawings.push(drawing)
  }
  for (const frame of frames) bridge.frame(frame, { origin: location.origin, policies: [frame.dataset.paneFrame] })
  bridge.on('policy:changed', ({ id }) => count(id))
  document.querySelector('[data-pause]').addEventListener('click', () => pause(bridge))
} catch (error) {
  say(`Not followed: ${error.message} [${error.code ?? error.name}]`)
}
