import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { KeyError } from '#libs/client'
import { HmsError } from '#libs/contracts'
import { exitCodeOf, reportError, usageError } from './errors.js'
import { Output } from './output/output.js'

function report(error: unknown, json: boolean): { code: number; stdout: string; stderr: string } {
  const texts = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({ write: (text: string) => void (texts[name] += text), isTerminal: false, columns: null })
  const code = reportError(error, new Output(sink('stdout'), sink('stderr'), { json }, {}))
  return { code, ...texts }
}

const REFUSED = new HmsError('HMS_APPROVAL_CONFLICT', 'another run is active', {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  status: 409,
  next: ['hms-svc runs watch 184'],
  errors: [{ pointer: '/plan/share', detail: 'differs from what was signed' }],
})

describe('reportError', () => {
  it('reports a failed system call as one, not as a fault of the program', async () => {
    const error: unknown = await writeFile('/', '').catch((refused: unknown) => refused)
    const { code, stderr } = report(error, false)
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^✗ The operating system refused a step of this command: EISDIR: .* \[HMS_SYSTEM_REFUSED\]\n {2}next: hms-svc doctor\n$/,
    )
  })

  it('prints detail, code, fields, next command and trace', () => {
    expect(report(REFUSED, false)).toEqual({
      code: 5,
      stdout: '',
      stderr: [
        '✗ another run is active [HMS_APPROVAL_CONFLICT]',
        '  /plan/share differs from what was signed',
        '  next: hms-svc runs watch 184',
        '  trace: 4bf92f3577b34da6a3ce929d0e0e4736\n',
      ].join('\n'),
    })
  })

  it('prints the problem on stderr with --json, and nothing on stdout', () => {
    const { stdout, stderr } = report(REFUSED, true)
    expect(stdout).toBe('')
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'HMS_APPROVAL_CONFLICT',
      status: 409,
      detail: 'another run is active',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      next: [{ command: 'hms-svc runs watch 184' }],
    })
  })
})

class CodedError extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`)
  }
}

describe('exitCodeOf', () => {
  it.each([
    [usageError('no'), 2],
    [new HmsError('HMS_FILE_TOO_LARGE', '', { status: 400 }), 2],
    [new HmsError('HMS_PARTNER_ADDRESS_REFUSED', '', { status: 422 }), 2],
    [new HmsError('HMS_BOT_INVALID', '', { status: 422 }), 2],
    [new HmsError('HMS_SCENARIO_INVALID', '', { status: 422 }), 2],
    [new HmsError('HMS_CORPUS_ROW', '', { status: 422 }), 2],
    [new HmsError('HMS_SCHEMA_REFUSED', '', { status: 422 }), 2],
    [new HmsError('HMS_PARTNER_INVALID', '', { status: 422 }), 2],
    [new HmsError('HMS_FREEZE_INVALID', '', { status: 422 }), 2],
    [new HmsError('HMS_GUARD_DENIED', '', { status: 422 }), 6],
    [new HmsError('HMS_PARTNER_UNKNOWN', '', { status: 404 }), 4],
    [new HmsError('HMS_SIMULATOR_LIMIT', '', { status: 409 }), 5],
    [new HmsError('HMS_HTTP_BODY_TOO_LARGE', '', { status: 413 }), 2],
    [new HmsError('HMS_AUTH_REQUIRED', '', { status: 401 }), 3],
    [new KeyError('HMS_KEY_PASSPHRASE', 'wrong'), 3],
    [new KeyError('HMS_KEY_NOT_FOUND', 'unknown'), 3],
    [new HmsError('HMS_POLICY_NOT_FOUND', '', { status: 404 }), 4],
    [new KeyError('HMS_KEY_EXISTS', 'taken'), 5],
    [new HmsError('HMS_APPROVAL_CONFLICT', '', { status: 409 }), 5],
    [new HmsError('HMS_LINT_FAILED', '', { status: 422 }), 6],
    [new HmsError('HMS_SIGNATURE_INVALID', '', { status: 422 }), 10],
    [new CodedError('HMS_SIGNATURE_INVALID', 'bent'), 10],
    [new CodedError('HMS_ROSTER_VERSION', 'skipped'), 10],
    [new HmsError('HMS_ROSTER_INSTALLATION', '', { status: 422 }), 10],
    [new HmsError('HMS_SIGNATURE_UNKNOWN_KEY', '', { status: 403 }), 3],
    [new HmsError('HMS_UNREACHABLE', '', { status: 503 }), 11],
    [new TypeError('our own'), 1],
    ['thrown text', 1],
  ])('%s gives %d', (error, code) => {
    expect(exitCodeOf(error)).toBe(code)
  })
})
