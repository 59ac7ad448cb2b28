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
})
