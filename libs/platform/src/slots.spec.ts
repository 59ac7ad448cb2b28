import { expect, it } from 'vitest'
import { Slots } from './slots.js'

it('hands out a limited number of slots, and frees each once', () => {
  const places = new Slots(2, 'readers')
  const [first] = [places.take(), places.take()]
  expect(() => places.take()).toThrow(/serves 2 readers/)
  first!()
  first!()
  places.take()
  expect(places.free).toBe(false)
  expect(() => places.take()).toThrow(expect.objectContaining({ code: 'HMS_PLACES_TAKEN', status: 503 }))
})
