// A pane in a frame: it has no connection of its own, and receives its rule from the page that contains it.
import { joinBridge } from './pane.js'
import { Drawing, valueOf } from './pane-view.js'

const element = document.querySelector('[data-pane-in-frame]')
const { policy } = element.dataset

if (parent !== window) {
  try {
    const pane = await joinBridge({ host: location.origin, name: element.id, policies: [policy] })
    const drawing = new Drawing(element, valueOf(pane, policy))
    pane.on('policy:changed', ({ value }) => drawing.show(value))
    pane.on('page:paused', ({ paused }) => drawing.pause(paused))
  } catch (error) {
    element.querySelector('[data-verdict]').textContent = `Not followed: ${error.message} [${error.code ?? error.name}]`
  }
}
