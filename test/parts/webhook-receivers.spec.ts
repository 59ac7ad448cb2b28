import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { signWebhook } from '#libs/client'
import { cleanEnvironment } from '../support/processes.config.js'
import { freePort, until } from '../support/processes.js'

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/how-to/receive-webhooks.md', import.meta.url)), 'utf8')
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const BODY = '{"type":"policy.updated","data":{"id":"epa-pm25-limit","text":"é"}}'

const codeOf = (language: string): string => PAGE.match(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``))![1]!
const isInstalled = (program: string, flag: string): boolean => spawnSync(program, [flag]).status === 0

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hms-receivers-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** How each is started; a language that is not on this machine is not tried. */
const RECEIVERS: [string, boolean, () => string[]][] = [
  [
    'Python',
    isInstalled('python3', '--version'),
    () => {
      writeFileSync(join(folder, 'receiver.py'), codeOf('python'))
      return ['python3', 'receiver.py']
    },
  ],
  [
    'Go',
    isInstalled('go', 'version'),
    () => {
      writeFileSync(join(folder, 'receiver.go'), codeOf('go'))
      const built = spawnSync('go', ['build', '-o', 'receiver', 'receiver.go'], { cwd: folder, encoding: 'utf8' })
      expect(built.stderr).toBe('')
      return [join(folder, 'receiver')]
    },
  ],
]

describe.each(RECEIVERS.filter(([, isHere]) => isHere))('the receiver in %s', (language, _isHere, prepare) => {
  let program: ChildProcess | undefined
  afterEach(async () => {
    if (program === undefined || program.exitCode !== null) return
    program.kill()
    await once(program, 'exit')
  })

  it('takes what is signed, twice under one id, and acknowledges it; refuses all else', async () => {
    const [command, ...argv] = prepare()
    const port = await freePort()
    const store = language === 'Python' ? join(folder, 'messages.db') : folder
    const env = { ...cleanEnvironment(), SECRET, PORT: String(port), STORE: store }
    program = spawn(command!, argv, { cwd: folder, env, stdio: 'ignore' })
    const url = `http://127.0.0.1:${port}/`
    const post = async (headers: Record<string, string>, body = BODY): Promise<[number, unknown]> => {
      const response = await fetch(url, { method: 'POST', headers, body })
      return [response.status, JSON.parse(await response.text())]
    }
    await until('it listens', () =>
      fetch(url, { method: 'POST' }).then(
        () => true,
        () => false,
      ),
    )

    const sign = (timestamp = new Date()): Record<string, string> => ({
      ...signWebhook(SECRET, { id: 'run_1_pm25_va', timestamp, body: BODY }),
    })
    expect(await post(sign())).toEqual([200, { acknowledged: 'run_1_pm25_va' }])
    expect(await post(sign())).toEqual([200, { acknowledged: 'run_1_pm25_va' }])
    const rotated = sign()
    expect((await post({ ...rotated, 'webhook-signature': `v1,AAAA ${rotated['webhook-signature']}` }))[0]).toBe(200)
    expect((await post(sign(), `${BODY} `))[0]).toBe(400)
    expect((await post(sign(new Date(Date.now() - 301_000))))[0]).toBe(400)
    expect((await post({ ...sign(), 'webhook-id': 'another' }))[0]).toBe(400)
    expect((await post({}))[0]).toBe(400)
  }, 180_000)
})
