import { expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { groupOf } from './group-of.js'

it('every service, audit too, reads decisions of people in a group of its own', () => {
  for (const service of SERVICES) {
    expect(groupOf(service, 'hms.run.control.v1')).toBe(`${service}.control`)
    expect(groupOf(service, 'hms.lint.v1')).toBe(service)
  }
})
