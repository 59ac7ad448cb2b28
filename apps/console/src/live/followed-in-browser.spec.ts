import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { spokenRemainder } from '#libs/contracts'
import { beforeEach, describe, expect, it } from 'vitest'

const SCRIPT = readFileSync(new URL('../../assets/console.js', import.meta.url), 'utf8')

class Source {
  static readonly CLOSED = 2
  readyState = 0
  readonly listeners: Record<string, () => void> = {}
  constructor() {
    opened.push(this)
  }
  addEventListener(name: string, listener: () => void): void {
    this.listeners[name] = listener
  }
  close(): void {
    this.readyState = Source.CLOSED
  }
  /** Fails as a browser's does: for good after a status other than 200, else it connects again by itself. */
  fail(isForGood: boolean): void {
    this.readyState = isForGood ? Source.CLOSED : 0
    this.listeners['error']!()
  }
}

let opened: Source[]
let timers: Map<number, { ms: number; task: () => void }>
let connection: { textContent: string }
let pause: () => void
let countDown: () => void
const drawn: string[] = []
const ring = { querySelector: () => ({ setAttribute: (_name: string, dashes: string) => drawn.push(dashes) }) }
const countdown = { dataset: { until: '' } as Record<string, string>, textContent: '', parentElement: ring }
const NOW = Date.UTC(2026, 10, 30)

beforeEach(() => {
  opened = []
  timers = new Map()
  connection = { textContent: '' }
  const button = { addEventListener: (_name: string, listener: () => void) => (pause = listener) }
  const elements: Record<string, unknown> = { '[data-pause]': button, '[data-connection]': connection, '[data-announce]': {} }
  let last = 0
  runInNewContext(SCRIPT, {
    document: {
      hidden: false,
      querySelector: (name: string) => elements[name] ?? null,
      querySelectorAll: (name: string) => (name === '[data-until]' ? [countdown] : []),
      addEventListener: () => {},
    },
    location: { pathname: '/', search: '' },
    EventSource: Source,
    setInterval: (task: () => void) => (countDown = task),
    Date: { now: () => NOW, parse: Date.parse },
    setTimeout: (task: () => void, ms: number) => {
      timers.set(++last, { task, ms })
      return last
    },
    clearTimeout: (timer: number) => timers.delete(timer),
  })
})

function elapse(): void {
  const due = [...timers.values()]
  timers.clear()
  for (const { task } of due) task()
}

describe('the script of a followed page', () => {
  it('reopens a stream that the browser closed for good, one at a time, every 5 s', () => {
    for (const n of [1, 2, 3]) {
      expect(opened).toHaveLength(n)
      opened.at(-1)!.fail(true)
      expect(connection.textContent).toBe('Connection lost; trying again.')
      expect([...timers.values()].map(({ ms }) => ms)).toEqual([5000])
      elapse()
    }
  })

  it('leaves a lost connection to the browser', () => {
    opened[0]!.fail(false)
    expect([timers.size, opened.length]).toEqual([0, 1])
  })

  it('does not reopen while the reader paused it', () => {
    opened[0]!.fail(true)
    pause()
    expect(timers.size).toBe(0)
    pause()
    expect(opened).toHaveLength(2)
  })

  it.each([-1_000, 45_000, 83_000, 3_599_600, 7_500_000, 90_000_000, 273_600_000])('counts %d ms down in the words of the server', (ms) => {
    countdown.dataset = { until: new Date(NOW + ms).toISOString() }
    countDown()
    expect(countdown.textContent).toBe(`${spokenRemainder(ms)} left`)
    expect(drawn).toEqual([])
  })

  it.each([
    [250_000, '4 min 10 sec of 10 min left', '41.7 100'],
    [-1_000, '0 sec of 10 min left', '0.0 100'],
  ])('counts a ring of 10 min down to %d ms', (ms, text, dashes) => {
    countdown.dataset = { until: new Date(NOW + ms).toISOString(), of: '10 min', ofMs: '600000' }
    countDown()
    expect([countdown.textContent, drawn.pop()]).toEqual([text, dashes])
  })
})
