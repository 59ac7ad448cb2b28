import { expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { groupOf } from './group-of.js'

it('every service, including audit, reads run control events in a separate group', () => {
  for (const service of SERVICES) {
    expect(groupOf(service, 'hms.run.control.v1')).toBe(`${service}.control`)
    expect(groupOf(service, 'hms.lint.v1')).toBe(service)
  }
})
