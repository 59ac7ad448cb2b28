import { expect, it } from 'vitest'
import { Problems } from './problems.js'

const raised = (...found: [string, string][]): unknown => {
  const problems = new Problems()
  for (const [where, detail] of found) problems.add(where, detail)
  try {
    problems.raise()
  } catch (error) {
    return error
  }
  return undefined
}

it('Problems names each place once: in the detail of a single problem, or as the pointer of each of several', () => {
  expect(raised()).toBeUndefined()
  expect(raised(['line 7', 'line 7: a hole'])).toMatchObject({ detail: 'line 7: a hole' })
  expect(raised(['line 7', 'line 7: a hole'], ['run #3', 'run #3 published nothing'])).toMatchObject({
    detail: '2 problems were found in the audit log:',
    errors: [
      { pointer: 'line 7', detail: 'a hole' },
      { pointer: 'run #3', detail: 'run #3 published nothing' },
    ],
  })
})
