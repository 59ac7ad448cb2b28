import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { policyFile } from '../../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../../support/processes.js'
import { audit, factsOf, openBrowser, overhang } from './browser.js'

const ID = 'epa-pm25-limit'

describe('a person who signs in the browser', () => {
  const scratch = scratchFolder()
  let env: Record<string, string>
  let url: string
  let keys: string
  let passphrase: string
  let dev: Served
  let browser: Browser

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const data = join(scratch.path, 'data')
    env = { HMS_URL: url, HMS_DATA_DIR: data, HMS_PORT: String(port) }
    keys = join(data, 'keys')
    dev = Served.start(['dev', '--port', String(port), '--data', data], env)
    await until('dev is ready', () => ready(url), 150_000)
    passphrase = readFileSync(join(keys, 'passphrase'), 'utf8').trim()
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await dev?.stop()
    scratch.remove()
  })

  /** Fails when the page complains, asks of others, or lets a key or its passphrase out. */
  async function inPage<T>(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<T>): Promise<T> {
    const context = await browser.newContext(options)
    const faults: string[] = []
    try {
      const page = await context.newPage()
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('request', (request) => {
        const sent = `${request.url()} ${request.postData() ?? ''} ${JSON.stringify(request.headers())}`
        if (!request.url().startsWith(url) && !request.url().startsWith('data:')) faults.push(`asks ${request.url()}`)
        if (sent.includes(passphrase) || sent.includes('PRIVATE KEY')) faults.push('lets the key out')
      })
      await page.goto(url + path)
      const seen = await look(page)
      expect(faults).toEqual([])
      return seen
    } finally {
      await context.close()
    }
  }

  async function propose(page: Page, version: string, limit: number, watched = '0s', id = ID): Promise<void> {
    await page.fill('#text', readFileSync(policyFile(scratch.path, version, limit, id), 'utf8'))
    await page.click('summary:has-text("How it is tried out")')
    await page.fill('#observe', watched)
    await page.fill('#bake', watched)
    const send = async (): Promise<void> => {
      await page.click('text=Show what would be signed')
      await page.waitForURL('**/approvals/sha256*')
    }
    // A service may be late on a busy machine: the page says so, keeps what was given, and takes it once more.
    await send().catch(async () => {
      expect(await factsOf(page)).toContain('send it again')
      await send()
    })
  }

  async function unlock(page: Page, verb: string, secret = passphrase, key = 'epa-chief'): Promise<void> {
    await page.setInputFiles('#key-file', join(keys, `${key}.key.pem`))
    await page.fill('#key-passphrase', secret)
    await page.click(`[data-key-form] button:has-text("${verb}")`)
  }

  const limitNow = async (): Promise<unknown> => {
    const response = await fetch(`${url}/v1/policies/${ID}`)
    return response.ok ? ((await response.json()) as { value: { limit: number } }).value.limit : undefined
  }
  const isOver = (limit: number) => (): Promise<boolean> => limitNow().then((now) => now === limit)
  /** Partners are told after all readers, so a run ends after its limit is in force; the next release is refused until then. */
  const hasSucceeded = (run: number) => async (): Promise<boolean> =>
    ((await (await fetch(`${url}/v1/runs/${run}`)).json()) as { state: string }).state === 'SUCCEEDED'

  it('approves 35, then 25, and takes it back, by browser alone', async () => {
    for (const [run, version, limit] of [
      [1, '1.0.0', 35],
      [2, '2.0.0', 25],
    ] as const) {
      await inPage('/approvals', {}, async (page) => {
        await propose(page, version, limit)
        await unlock(page, 'Sign')
        await page.waitForSelector('[data-window]:not([hidden])')
        expect(await page.textContent('[data-outcome]')).toBe('Signed as EPA Chief. Nothing was sent yet.')
        await page.click('[data-send]')
        await page.waitForURL('**/runs/*')
      })
      await until(`${limit} is in force`, isOver(limit), 90_000)
      await until('its run has ended', hasSucceeded(run), 90_000)
    }
    await inPage(`/policies/${ID}/rollback`, {}, async (page) => {
      await page.check('#to-1\\.0\\.0')
      await page.fill('#reason', 'too strict for <b>sensors</b>')
      await page.click('text=Show what would change')
      const facts = await factsOf(page)
      expect(facts).toMatch(/limit\s*25 µg\/m³\s*35 µg\/m³/)
      expect(facts).toContain('too strict for <b>sensors</b>')
      await unlock(page, 'Take it back now')
      await page.waitForFunction(() =>
        /1\.0\.0 in \d+\.\d s, no bot connected\.$/.test(document.querySelector('[data-outcome]')?.textContent ?? ''),
      )
      expect(Number.parseFloat((await page.textContent('[data-stopwatch]'))!)).toBeLessThan(10)
    })
    expect(await limitNow()).toBe(35)
  }, 240_000)

  it('sees what changes with unit and type, what it would do, and the digest that is signed', async () => {
    await inPage('/approvals', {}, async (page) => {
      await propose(page, '3.0.0', 20)
      const facts = await factsOf(page)
      expect(facts).toMatch(/limit\s*35 µg\/m³\s*20 µg\/m³\s*number/)
      expect(facts).toMatch(/Lint\s*✓ Would pass/)
      expect(facts).toContain('Who has to sign')
      const digest = decodeURIComponent(page.url().split('/').pop()!)
      expect((await page.textContent('[data-digest]'))!.replaceAll(' ', '')).toBe(digest)
      // The same bytes in a terminal have the same digest.
      const file = policyFile(scratch.path, '3.0.0', 20)
      const args = [
        'approve',
        file,
        '--sign',
        'EPA Chief',
        '--observe',
        '0s',
        '--bake',
        '0s',
        '--expect-digest',
        `sha256:${'0'.repeat(64)}`,
      ]
      expect((await hms(args, env)).stderr).toContain(digest)
    })
  })

  it('signs nothing with a wrong passphrase, with a file that is no key, or once it was cancelled', async () => {
    await inPage('/approvals', {}, async (page) => {
      await propose(page, '3.0.0', 20)
      await unlock(page, 'Sign', 'wrong')
      await page.waitForSelector('[data-refused]:not([hidden])')
      expect(await page.textContent('[data-refused]')).toContain('Wrong passphrase')
      expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-refused'))).toBe(true)
      await page.setInputFiles('#key-file', policyFile(scratch.path, '9.0.0', 1))
      await page.fill('#key-passphrase', passphrase)
      await page.click('[data-key-form] button')
      await page.waitForFunction(() => document.querySelector('[data-refused]')?.textContent?.includes('This is no key file'))
      await unlock(page, 'Sign')
      await page.waitForSelector('[data-window]:not([hidden])')
      await page.click('[data-cancel]')
      expect(await page.textContent('[data-outcome]')).toContain('Cancelled. Nothing was sent')
      expect(await (await fetch(`${url}/v1/approvals`)).json()).toEqual([])
    })
  })

  it('signs nothing when the page shows something else than the bytes', async () => {
    await inPage('/approvals', {}, async (page) => {
      await propose(page, '3.0.0', 20)
      for (const [mark, other] of [
        ['[data-digest]', 'sha256:0000 0000'],
        ['td[data-consent]', '35'],
        ['p[data-consent]', 'Plan: canary 1 %'],
        ['[data-said] td', '35'],
      ] as const) {
        const before = await page.textContent(mark)
        await page.evaluate(([at, text]) => (document.querySelector(at!)!.textContent = text!), [mark, other])
        await unlock(page, 'Sign')
        await page.waitForFunction(() =>
          document.querySelector('[data-refused]:not([hidden])')?.textContent?.startsWith('Nothing was signed'),
        )
        await page.evaluate(([at, text]) => (document.querySelector(at!)!.textContent = text!), [mark, before])
      }
      await unlock(page, 'Sign')
      await page.waitForSelector('[data-window]:not([hidden])')
    })
  })

  it('pastes a signature from elsewhere, without scripts', async () => {
    await inPage('/approvals', { javaScriptEnabled: false }, async (page) => {
      await propose(page, '3.0.0', 20)
      expect(await page.isVisible('[data-key-form]')).toBe(false)
      expect(await factsOf(page)).toContain('Signing in this page takes JavaScript')
      await page.click('summary:has-text("Paste a signature instead")')
      const href = (await page.getAttribute('a[download]', 'href'))!
      const file = join(scratch.path, 'statement.json')
      const { writeFile } = await import('node:fs/promises')
      await writeFile(file, Buffer.from(href.split(',')[1]!, 'base64'))
      const signed = await hms(['sign', file, '--sign', 'EPA Chief'], env)
      expect(signed, signed.stderr).toMatchObject({ code: 0 })
      await page.fill('#envelopes', signed.stdout)
      await page.click('text=Send the signature')
      await page.waitForURL('**/runs/3')
    })
    await until('20 is in force', isOver(20), 90_000)
  })

  it('shows the error of a file, keeps the file, and shows a conflict as one', async () => {
    await inPage('/approvals', { javaScriptEnabled: false }, async (page) => {
      await page.fill('#text', 'id: No_Good\nlimit: 1\n')
      await page.click('text=Show what would be signed')
      expect(await factsOf(page)).toMatch(/policy:1:5 id-format/)
      expect(await page.inputValue('#text')).toContain('No_Good')
      // While its run notifies partners the page shows that instead.
      const isLive = async (): Promise<boolean> => {
        await page.goto(`${url}/approvals`)
        await page.setInputFiles('#files', policyFile(scratch.path, '3.0.0', 20))
        await page.click('text=Show what would be signed')
        return (await factsOf(page)).includes('HMS_APPROVER_ALREADY_LIVE')
      }
      await until('the page shows that it is live already', isLive, 60_000)
    })
  })

  it('begins and ends a freeze, and pauses and aborts a run', async () => {
    const signed = async (page: Page, verb: string, then: string): Promise<void> => {
      await page.click('text=Show what would be signed')
      await unlock(page, verb)
      await page.click('[data-send]')
      await page.waitForURL(then)
    }
    await inPage('/freezes', {}, async (page) => {
      await page.fill('#id', 'election-week')
      await page.fill('#reason', 'polling stations report')
      await page.click('form[action="/freezes/declare"] button >> nth=0')
      await unlock(page, 'Sign the freeze')
      await page.click('[data-send]')
      await page.waitForURL('**/freezes')
      const holds = async (): Promise<boolean> => (await page.reload()) !== null && (await factsOf(page)).includes('! Holds now')
      await until('the page shows that it holds', holds, 60_000)
      await page.click('text=End election-week')
      await page.fill('#reason', 'it is over')
      await signed(page, 'Sign the end', '**/freezes')
      const ended = async (): Promise<boolean> =>
        (await page.reload()) !== null && (await factsOf(page)).includes('ended by EPA Chief: “it is over”')
      await until('the page shows who ended it', ended, 60_000)
    })
    await inPage('/approvals', {}, async (page) => {
      await propose(page, '1.0.0', 70, '10m', 'ozone-limit')
      await unlock(page, 'Sign')
      await page.click('[data-send]')
      await page.waitForURL('**/runs/*')
      const run = page.url()
      const stateIs = async (state: string): Promise<boolean> =>
        ((await (await fetch(run.replace('/runs/', '/v1/runs/'))).json()) as { state: string }).state === state
      await until('it is in its canary', () => stateIs('CANARY'), 90_000)
      for (const [decision, state] of [
        ['pause', 'PAUSED'],
        ['abort', 'ABORTED'],
      ] as const) {
        const offered = async (): Promise<boolean> => {
          await page.goto(run)
          return page.isVisible(`#decision-${decision}`)
        }
        // A service may be late on a busy machine; the page says so then.
        await until(`the page offers to ${decision}`, offered, 60_000)
        await page.check(`#decision-${decision}`)
        await page.fill('#reason', 'look first')
        await signed(page, `Sign: ${decision}`, '**/runs/*')
        await until(`it is ${state}`, () => stateIs(state), 60_000)
      }
      const saysEnded = async (): Promise<boolean> => {
        await page.goto(run)
        return (await factsOf(page)).includes('has ended, so there is nothing to decide.')
      }
      await until('the page shows that it has ended', saysEnded, 60_000)
    })
  }, 240_000)

  it('recomputes the proof of an approval, and reports when it does not hold', async () => {
    const entries = (await (await fetch(`${url}/v1/audit/entries?run=2&limit=1`)).json()) as { index: number }[]
    await inPage(`/audit/${entries[0]!.index}`, {}, async (page) => {
      const says = (words: string): Promise<unknown> =>
        page.waitForFunction((text) => document.querySelector('[data-checked]')?.textContent?.includes(text), words)
      await page.click('[data-check]')
      await says('✓ It holds: entry ')
      await page.evaluate(() => {
        const element = document.querySelector<HTMLElement>('[data-proof]')!
        element.dataset['release'] = element.dataset['release']!.replace('2.0.0', '2.0.1')
      })
      await page.click('[data-check]')
      await says('✗ Not proven here. The entry does not name this release.')
    })
  })

  it.each([
    ['/approvals', 'text=id%3A%20x'],
    ['/signatures', 'path=/v1/approvals'],
    ['/receipts/abc', ''],
  ])('%s takes no form of another site', async (path, body) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' }
    const response = await fetch(url + path, { method: 'POST', headers, body })
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([403, 'HMS_HTTP_FOREIGN'])
  })

  describe.each([1280, 320])('at %d pixels', (width) => {
    it.each([true, false])('can be used by everyone, with scripts: %s', { timeout: 240_000 }, async (javaScriptEnabled) => {
      await inPage('/approvals', { viewport: { width, height: 800 }, javaScriptEnabled }, async (page) => {
        const clean = async (): Promise<void> => {
          if (javaScriptEnabled) {
            const { wrong, undecided } = await audit(page)
            expect(wrong).toEqual([])
            expect(undecided.filter(({ rule }) => rule !== 'color-contrast')).toEqual([])
            expect(await overhang(page)).toBeLessThanOrEqual(0)
          }
        }
        await clean()
        await propose(page, '4.0.0', 15)
        await page.click('summary:has-text("fields that are signed")')
        await page.click('summary:has-text("Paste a signature instead")')
        await clean()
        await page.goto(`${url}/policies/${ID}/rollback`)
        await clean()
        await page.fill('#reason', 'drill')
        await page.click('text=Show what would change')
        await clean()
      })
    })
  })

  it('can be signed by keyboard alone', async () => {
    await inPage('/approvals', {}, async (page) => {
      await propose(page, '4.0.0', 15)
      await page.setInputFiles('#key-file', join(keys, 'epa-chief.key.pem'))
      await page.focus('#key-file')
      await page.keyboard.press('Tab')
      await page.keyboard.type(passphrase)
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.waitForSelector('[data-window]:not([hidden])')
      expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-cancel'))).toBe(true)
      await page.keyboard.press('Enter')
      expect(await page.textContent('[data-outcome]')).toContain('Cancelled')
    })
  })
})
