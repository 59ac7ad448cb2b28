import { describe, expect, it } from 'vitest'
import { newerOf, OwnBots, type OwnBot } from './own-bots.js'

const entry = (socket: number, revision = 0, bot = 'inspector-7'): OwnBot => ({
  bot,
  region: 'NCR',
  revision,
  applied: {},
  since: '2026-01-01T00:00:00Z',
  socket,
  chunk: 0,
})

describe('a bot with several sockets', () => {
  it('counts once, by the connection that joined last', () => {
    const bots = new OwnBots()
    expect([bots.put(entry(1)), bots.put(entry(2)), bots.put(entry(1, 5))]).toEqual([true, true, false])
    expect([...bots.all()]).toEqual([entry(2)])
  })

  it('counts by the previous connection and its last frame, when the last one leaves', () => {
    const bots = new OwnBots()
    for (const each of [entry(1), entry(2), entry(1, 5)]) bots.put(each)
    expect(bots.delete('inspector-7', 2)).toEqual(entry(2))
    expect([bots.get('inspector-7'), bots.entryOf('inspector-7', 1), bots.entryOf('inspector-7', 2)]).toEqual([
      entry(1, 5),
      entry(1, 5),
      undefined,
    ])
  })

  it('still counts by the last connection when another leaves, and is removed with the last', () => {
    const bots = new OwnBots()
    for (const each of [entry(1), entry(2, 3)]) bots.put(each)
    expect([bots.delete('inspector-7', 1), bots.get('inspector-7')]).toEqual([undefined, entry(2, 3)])
    expect([bots.delete('inspector-7', 2), bots.delete('inspector-7', 2), [...bots.all()]]).toEqual([entry(2, 3), undefined, []])
  })
})

it('newerOf returns the newer report of two instances, and of equally old ones its own', () => {
  const [own, other] = [entry(1), { ...entry(2), since: '2026-01-01T00:00:01Z' }]
  expect([newerOf(own, other), newerOf(other, own), newerOf(own, entry(3)), newerOf(own, undefined)]).toEqual([other, other, own, own])
})
