import { compareText } from './finding.js'

/** Official regular expression of SemVer 2.0 (semver.org). */
const SEMVER = new RegExp(
  '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)' +
    '(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?' +
    '(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?$',
)
const MAX_LENGTH = 128

export type Level = 'major' | 'minor' | 'patch'

export function isSemVer(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_LENGTH && SEMVER.test(value)
}

/** Compares by precedence (SemVer 2.0 §11): negative, 0 or positive. Ignores build metadata. Throws `TypeError` for an invalid version. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)]
  for (const [index, field] of left.core.entries()) {
    const order = compareNumeric(field, right.core[index] as string)
    if (order !== 0) return order
  }
  return comparePrerelease(left.prerelease, right.prerelease)
}

/**
 * Returns the level of changes that version `b` may contain after `a`; `undefined` if `b` is not above `a`. From a prerelease to
 * its release, or between two of its prereleases, the release's number decides: 2.0.0-rc.1 → 2.0.0 is major, 2.1.0-rc.1 → 2.1.0 minor.
 */
export function levelBetween(a: string, b: string): Level | undefined {
  if (compareVersions(a, b) >= 0) return undefined
  const [from, to] = [parts(a).core, parts(b).core]
  const raised = (['major', 'minor', 'patch'] as const)[from.findIndex((field, at) => field !== to[at])]
  if (raised !== undefined) return raised
  const [, minor, patch] = to
  if (patch !== '0') return 'patch'
  return minor === '0' ? 'major' : 'minor'
}

/** Returns the lowest release above `version` of the given level, for hints. */
export function nextVersion(version: string, level: Level): string {
  const [major, minor, patch] = parts(version).core.map(BigInt) as [bigint, bigint, bigint]
  if (level === 'major') return `${major + 1n}.0.0`
  return level === 'minor' ? `${major}.${minor + 1n}.0` : `${major}.${minor}.${patch + 1n}`
}

function parts(version: string): { core: [string, string, string]; prerelease: string[] } {
  const match = version.length <= MAX_LENGTH ? SEMVER.exec(version) : null
  if (!match) throw new TypeError(`${JSON.stringify(version.slice(0, MAX_LENGTH))} is not a SemVer 2.0 version`)
  const [, major = '', minor = '', patch = '', prerelease] = match
  return { core: [major, minor, patch], prerelease: prerelease?.split('.') ?? [] }
}

/** Compares decimal numbers without leading zeros: the longer one is larger. */
function compareNumeric(a: string, b: string): number {
  return a.length - b.length || compareText(a, b)
}

function comparePrerelease(a: string[], b: string[]): number {
  // A release is above its prereleases (§11.3).
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right === undefined) return 1
    const order = compareIdentifier(left, right)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Compares by §11.4: numeric identifiers by value, below all alphanumeric ones, which are in ASCII order. */
function compareIdentifier(a: string, b: string): number {
  const [aNumeric, bNumeric] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (aNumeric && bNumeric) return compareNumeric(a, b)
  if (aNumeric !== bNumeric) return aNumeric ? -1 : 1
  return compareText(a, b)
}
