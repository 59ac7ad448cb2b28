import { expect, it } from 'vitest'
import { readShape } from '#libs/platform'
import { TrialRequestDto } from './trial.dto.js'

it('treats `live: null` as no policies in force', () => {
  const { value, errors } = readShape(TrialRequestDto, { policies: [{ id: 'a' }], live: null })
  expect([errors, value.live]).toEqual([[], undefined])
})
