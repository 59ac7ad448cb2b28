import type { ConnectionEvents, Explanation, PolicyValue } from '#libs/client'
import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Output, type OutputOptions } from '../output/output.js'
import { PolicyWatch, type WatchedConnection } from './policy-watch.js'
import type { PolicyChange } from './run-program.js'

const AT = Date.parse('2026-01-01T00:00:00Z')

/** Connection whose values a test sets. */
class Values implements WatchedConnection {
  state = 'READY' as const
  private readonly events = new EventEmitter()
  private readonly values = new Map<string, PolicyValue>()
  private revision = 0

  set(id: string, version: string | null, limit = 0): void {
    const from = this.values.get(id)?.version ?? null
    this.revision++
    if (version === null) this.values.delete(id)
    else this.values.set(id, { id, version, effective: '2024-09-01T00:00:00Z', limit, units: 'ug_per_m3' })
    this.emit('change', { id, from, to: version, revision: this.revision })
  }

  emit<E extends keyof ConnectionEvents>(event: E, data: ConnectionEvents[E]): void {
    this.events.emit(event, data)
  }

  ids(): string[] {
    return [...this.values.keys()]
  }

  explain(id: string): Explanation {
    const value = this.values.get(id)!
    return {
      value,
      version: value.version,
      revision: this.revision,
      source: 'live',
      ageMs: 0,
      state: 'READY',
      trust: 'pinned',
      scope: 'global',
    }
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    this.events.on(event, listener)
    return () => this.events.off(event, listener)
  }
}

function watching(options: OutputOptions, ...ids: string[]) {
  const text = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({
    write: (more: string) => void (text[name] += more),
    isTerminal: false,
    columns: null,
  })
  const connection = new Values()
  const changes: PolicyChange[] = []
  const time = { ms: AT }
  const output = new Output(sink('stdout'), sink('stderr'), options, {})
  const watch = new PolicyWatch(ids, { connection, output, now: () => time.ms, onChange: (change) => changes.push(change) })
  return { text, connection, changes, time, watch }
}

describe('PolicyWatch', () => {
  it('prints the versions in force and each change of the watched policies, one line each', () => {
    const { text, connection, changes, watch } = watching({ plain: true }, 'pm25', 'ozone')
    connection.set('pm25', '1.5.0', 35)
    watch.start()
    connection.set('pm25', '2.0.0', 25)
    connection.set('lead', '1.0.0', 1)
    connection.set('ozone', '1.0.0', 70)
    connection.set('pm25', null)
    expect(text.stdout.split('\n')).toEqual([
      '2026-01-01T00:00:00Z pm25 1.5.0  revision 1',
      '2026-01-01T00:00:00Z pm25 1.5.0 → 2.0.0  revision 2  limit 35 → 25 µg/m³',
      '2026-01-01T00:00:00Z ozone 1.0.0  revision 4',
      '2026-01-01T00:00:00Z pm25 2.0.0 → none in force  revision 5',
      '',
    ])
    expect(text.stderr).toContain('no version of ozone is in force yet')
    expect(changes.map(({ id, to, value }) => [id, to, value?.['limit']])).toEqual([
      ['pm25', '1.5.0', 35],
      ['pm25', '2.0.0', 25],
      ['ozone', '1.0.0', 70],
      ['pm25', null, undefined],
    ])
  })

  it('prints one JSON value per change, and one per program that ended, with --json', () => {
    const { text, connection, changes, watch } = watching({ json: true }, 'pm25')
    connection.set('pm25', '1.5.0', 35)
    watch.start()
    watch.programEnded(changes[0]!, '/bin/reload', { code: 3, signal: null, seconds: 0.5, timedOut: false })
    const [change, exec] = text.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(change).toMatchObject({ id: 'pm25', from: null, to: '1.5.0', revision: 1, value: { limit: 35 } })
    expect(exec).toEqual({ id: 'pm25', version: '1.5.0', exec: { code: 3, signal: null, seconds: 0.5, timedOut: false } })
  })

  it('prints on stderr when values may be old, how programs ended, and heartbeats', () => {
    const { text, connection, changes, time, watch } = watching({ plain: true }, 'pm25')
    connection.set('pm25', '1.5.0', 35)
    watch.start()
    connection.emit('stale', { reason: 'disconnected', code: 'HMS_FRESHNESS_OLD' })
    connection.emit('ready', { revision: 1 })
    watch.programEnded(changes[0]!, 'reload', { code: null, signal: 'SIGTERM', seconds: 60, timedOut: true })
    watch.programEnded(changes[0]!, 'reload', { code: null, signal: null, seconds: 0, timedOut: false, error: 'spawn EACCES' })
    time.ms += 29_999
    watch.tick()
    expect(text.stderr).not.toContain('no change')
    time.ms += 1
    watch.tick()
    watch.tick()
    watch.stop()
    connection.set('pm25', '2.0.0')
    expect(text.stderr.split('\n')).toEqual([
      '2026-01-01T00:00:00Z STALE: disconnected [HMS_FRESHNESS_OLD]',
      '2026-01-01T00:00:00Z READY at revision 1',
      '2026-01-01T00:00:00Z pm25: reload was killed by SIGTERM after 60 s, timed out',
      '2026-01-01T00:00:00Z pm25: reload could not be started: spawn EACCES',
      '2026-01-01T00:00:30Z no change, READY',
      '',
    ])
    expect(text.stdout).not.toContain('2.0.0')
  })
  it('prints a heartbeat after the clock was set back', () => {
    const { text, connection, time, watch } = watching({ plain: true }, 'pm25')
    connection.set('pm25', '1.5.0', 35)
    watch.start()
    time.ms -= 3_600_000
    watch.tick()
    expect(text.stderr).toContain('no change, READY')
  })
})
