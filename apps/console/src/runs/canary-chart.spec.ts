import type { CanaryPoint } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { levelOf, levelOfEvidence, linePath, placesOf } from './canary-chart.js'

const point = (seconds: number, cohortAlerts: number, more: Partial<CanaryPoint> = {}): CanaryPoint => {
  const at = new Date(Date.parse('2026-11-26T12:00:00Z') + seconds * 1000).toISOString()
  return { at, step: 1, cohortHours: 1, controlHours: 4, controlAlerts: 0, expected: 0, evidence: 1, cohortAlerts, ...more }
}

describe('a chart of a canary', () => {
  it('places the first point at its left end, the last at its right, and others by time', () => {
    const points = [point(0, 0), point(30, 1), point(120, 1)]
    expect(points.map(({ at }) => placesOf(points)(at))).toEqual([30, 100, 310])
    expect(placesOf([point(0, 0), point(0, 1)])(point(0, 0).at)).toBe(30)
  })

  it('places counts evenly, and evidence by its logarithm from 1 to the limit', () => {
    expect([0, 1, 2].map((value) => levelOf(value, 2))).toEqual([112, 64, 16])
    expect([0.01, 1, Math.sqrt(20), 20, 4_000, Infinity].map((evidence) => levelOfEvidence(evidence, 20))).toEqual([
      112, 112, 64, 16, 16, 16,
    ])
  })

  it('draws steps, and begins a line at each step of the ramp', () => {
    const points = [point(0, 0), point(30, 1), point(60, 0, { step: 2 }), point(120, 2, { step: 2 })]
    expect(linePath(points, ({ cohortAlerts }) => levelOf(cohortAlerts, 2))).toBe('M30 112H100V64M170 112H310V16')
  })
})
