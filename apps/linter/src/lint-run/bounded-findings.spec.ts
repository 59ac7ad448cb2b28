import { expect, it } from 'vitest'
import type { LintFinding } from '#libs/contracts'
import { boundedFindings } from './bounded-findings.js'

const finding = (severity: LintFinding['severity'], message = 'm', hint = 'h'): LintFinding => ({
  file: 'a@1.0.0',
  line: 1,
  column: 1,
  rule: 'r',
  severity,
  message,
  hint,
})

it('boundedFindings returns findings unchanged if they fit into an event', () => {
  const few = [finding('warning'), finding('error')]
  expect(boundedFindings(few)).toEqual(few)
})

it('boundedFindings cuts findings to the size limit of an event, keeps errors first, and counts the omitted ones', () => {
  const many = [...Array.from({ length: 20_000 }, () => finding('warning')), finding('error', 'x'.repeat(100_000), '😀'.repeat(100_000))]
  const bounded = boundedFindings(many)
  expect(Buffer.byteLength(JSON.stringify(bounded))).toBeLessThan(200 * 1024)
  expect(bounded[0]).toMatchObject({ severity: 'error' })
  expect(bounded[0]!.hint!.isWellFormed()).toBe(true)
  expect(bounded.at(-1)).toMatchObject({
    rule: 'more',
    severity: 'error',
    message: `${many.length - bounded.length + 1} more findings; hms-svc plan FILE shows all`,
  })
})
