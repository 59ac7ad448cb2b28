import { describe, expect, it } from 'vitest'
import { Listeners } from './listeners.js'

describe('Listeners', () => {
  it('calls every listener until it is removed, also after one that throws', () => {
    const surfaced: unknown[] = []
    const received: number[] = []
    const listeners = new Listeners<{ change: number }>((error) => surfaced.push(error))
    listeners.on('change', () => {
      throw new Error('of the listener')
    })
    const off = listeners.on('change', (data) => received.push(data))
    listeners.emit('change', 1)
    off()
    listeners.emit('change', 2)
    expect(received).toEqual([1])
    expect(surfaced).toHaveLength(2)
  })

  it('refuses a listener that is not a function, before any event', () => {
    expect(() => new Listeners<{ change: number }>().on('change', undefined as never)).toThrow('the listener of change is not a function')
  })
})
