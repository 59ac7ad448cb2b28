// Draws one pane: a reading, and the rule that it is held against.

/** View of one pane: the shown value, and the value that waits during a pause. Counts its draws, to show which panes did not change. */
export class Drawing {
  #paused = false
  #waiting

  /** `value`: the rule in force, or `null`. */
  constructor(element, value) {
    this.element = element
    this.show(value)
  }

  show(value) {
    if (this.#paused) this.#waiting = { value }
    else draw(this.element, value)
  }

  pause(paused) {
    this.#paused = paused
    const held = this.#waiting
    this.#waiting = undefined
    if (held !== undefined) this.show(held.value)
  }
}

function draw(pane, value) {
  const reading = Number(pane.dataset.reading)
  const limit = typeof value?.limit === 'number' ? value.limit : undefined
  pane.dataset.state = limit === undefined ? 'none' : reading > limit ? 'over' : 'within'
  pane.querySelector('[data-verdict]').textContent = verdictOf(reading, limit, pane.dataset.unit)
  pane.querySelector('[data-version]').textContent = value === null ? '' : `${pane.dataset.policy}@${value.version}`
  const draws = pane.querySelector('[data-draws]')
  draws.textContent = String(Number(draws.textContent) + 1)
}

/** As the server says it. */
function verdictOf(reading, limit, unit) {
  if (limit === undefined) return '– No rule in force'
  return reading > limit ? `✗ Over the limit of ${limit} ${unit}` : `✓ Within the limit of ${limit} ${unit}`
}

/** The rule in force, or `null` if there is none. */
export function valueOf(bridge, id) {
  try {
    return bridge.get(id)
  } catch (error) {
    if (error.code === 'HMS_POLICY_NOT_FOUND') return null
    throw error
  }
}
