import { describe, expect, it } from 'vitest'
import { errorPage } from '#libs/platform'
import { sourcesOf } from './root.js'

/** What is thrown under a code of ours: the first argument of an error, or of what makes one. */
const THROWN = /(?:\bnew \w*Error|\brefuse)\(\s*'(HMS_[A-Z0-9_]+)'/g
const PRODUCT = /^(?!.*(?:\.spec\.tsx?$|\/testing\/|\/node_modules\/)).*\.tsx?$/

describe('the codes of errors', () => {
  const codes = new Set(
    ['apps', 'libs']
      .flatMap((folder) => sourcesOf(folder, PRODUCT))
      .flatMap(({ text }) => [...text.matchAll(THROWN)].map(([, code]) => code!)),
  )

  it('are found in the sources', () => expect(codes.size).toBeGreaterThan(200))

  it('each have a page, which the `type` of a problem points to', () => {
    expect([...codes].filter((code) => errorPage(code) === undefined)).toEqual([])
  })
})
