import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { canonicalJson, type Envelope, type Json } from '#libs/contracts'
import { signEnvelope } from '#libs/signing'
import { BundleRefused, verifyBundle } from '#libs/verify'
import { bytesOf, Office, type Parts } from './office.js'

/** Values of every JSON type, and objects that have no text and no number. */
const SWAPS: readonly Json[] = [null, true, 0, -1, 1.5, '', 'x', '{', '\u0000', [], [null], {}, { toString: 1, valueOf: 1 }, { length: 1 }]
const CHARACTERS = [...'!B1"{}[],: \\/=-'].concat('\n', '\u0000', '\u00ff')
const office = new Office()

describe('a bundle that was tampered with is refused, and never anything else', () => {
  let parts: Omit<Parts, 'roster'>
  let bytes: Buffer
  let roster: Buffer
  beforeAll(async () => {
    const { roster: trusted, ...rest } = await office.parts()
    parts = rest
    bytes = bytesOf(parts)
    roster = Buffer.from(JSON.stringify(await office.signedRoster(trusted)))
    await expect(verifyBundle(bytes, { roster })).resolves.toBeDefined()
  })

  /** Undefined where it was refused as a bundle is; else what happened instead. */
  const failureOf = async (changed: Uint8Array, trusted: Uint8Array = roster): Promise<unknown> => {
    try {
      return { verified: await verifyBundle(changed, { roster: trusted }) }
    } catch (error) {
      return error instanceof BundleRefused ? undefined : error
    }
  }

  it('for each of its characters, by another one', { timeout: 240_000 }, async () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      const other = CHARACTERS[at % CHARACTERS.length]!.charCodeAt(0)
      changed[at] = other === bytes[at] ? 0x7e : other
      expect({ at, failure: await failureOf(changed) }).toEqual({ at, failure: undefined })
    }
  })

  it('for any character in any place, put in, taken out or replaced', { timeout: 240_000 }, async () => {
    const text = bytes.toString()
    const meaning = canonicalJson(JSON.parse(text) as Json)
    const changes = fc.tuple(fc.nat(text.length - 1), fc.constantFrom(0, 1), fc.constantFrom('', ...CHARACTERS))
    await fc.assert(
      fc.asyncProperty(changes, async ([at, taken, put]) => {
        const changed = text.slice(0, at) + put + text.slice(at + taken)
        if (meansTheSame(changed, meaning)) return
        expect(await failureOf(Buffer.from(changed))).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  it('for each place where it can be cut off', { timeout: 240_000 }, async () => {
    for (let end = 0; end < bytes.length; end++)
      expect({ end, failure: await failureOf(bytes.subarray(0, end)) }).toEqual({ end, failure: undefined })
  })

  it('for each member, by a value of another type', async () => {
    // An empty key id is legal: cosign writes it, and the signature is found by trying.
    const swaps = swapsOf({ bundle: 1, ...parts } as unknown as Json).filter(({ path }) => !path.endsWith('/keyid = ""'))
    for (const { path, value } of swaps)
      expect({ path, failure: await failureOf(Buffer.from(JSON.stringify(value))) }).toEqual({ path, failure: undefined })
  })

  it('for a payload that is no statement', async () => {
    const texts = ['', '{', 'null', '[]', '"x"', '{}', '['.repeat(50_000) + ']'.repeat(50_000), '{"a":'.repeat(20_000)]
    for (const name of ['release', 'head'] as const)
      for (const text of texts) {
        const payload = Buffer.from(text).toString('base64')
        const changed = bytesOf({ ...parts, [name]: { ...parts[name], payload } })
        expect({ name, text: text.slice(0, 9), failure: await failureOf(changed) }).toMatchObject({ failure: undefined })
      }
  })

  it('also where its signers changed a type: such a bundle, or roster, is judged without a crash', { timeout: 240_000 }, async () => {
    const people = ['EPA Chief', 'EPA Counsel']
    const resigned = async (envelope: Envelope, signers: readonly string[]): Promise<Envelope[]> => {
      const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as Json
      const payloads = swapsOf(statement).map(({ value }) => Buffer.from(canonicalJson(value)))
      return Promise.all(
        payloads.map((payload) =>
          signEnvelope(
            payload,
            signers.map((name) => office.signer(name)),
          ),
        ),
      )
    }
    const broken: unknown[] = []
    const judge = async (changed: Uint8Array, trusted?: Uint8Array): Promise<void> => {
      const failure = await failureOf(changed, trusted)
      if (failure instanceof Error) broken.push(failure)
    }
    for (const release of await resigned(parts.release, people)) await judge(bytesOf({ ...parts, release }))
    for (const head of await resigned(parts.head, ['rollout'])) await judge(bytesOf({ ...parts, head }))
    for (const other of await resigned(JSON.parse(roster.toString()) as Envelope, [...people, 'Air Office']))
      await judge(bytes, Buffer.from(JSON.stringify(other)))
    for (const { value } of swapsOf(JSON.parse(roster.toString()) as Json)) await judge(bytes, Buffer.from(JSON.stringify(value)))
    expect(broken).toEqual([])
  })

  it('for a false signature beside those that are needed', async () => {
    const { roster: trusted, ...all } = await office.parts(['EPA Chief', 'EPA Counsel', 'Air Office'])
    const signed = Buffer.from(JSON.stringify(await office.signedRoster(trusted)))
    await expect(verifyBundle(bytesOf(all), { roster: signed })).resolves.toBeDefined()
    const [first, second, third] = all.release.signatures
    const signatures = [first!, second!, { ...third!, sig: first!.sig }]
    expect(await failureOf(bytesOf({ ...all, release: { ...all.release, signatures } }), signed)).toBeUndefined()
  })
})

/** Whitespace between the members of JSON changes nothing that it says. */
function meansTheSame(text: string, meaning: string): boolean {
  try {
    return canonicalJson(JSON.parse(text) as Json) === meaning
  } catch {
    return false
  }
}

/** `value` with one of its members, at any depth, swapped for a value of another type. */
function swapsOf(value: Json, path = ''): { path: string; value: Json }[] {
  const own = SWAPS.filter((swap) => canonicalJson(swap) !== canonicalJson(value)).map((swap) => ({
    path: `${path} = ${JSON.stringify(swap)}`,
    value: swap,
  }))
  if (Array.isArray(value))
    return [
      ...own,
      ...value.flatMap((each, at) => swapsOf(each, `${path}/${at}`).map((one) => ({ ...one, value: value.with(at, one.value) }))),
    ]
  if (typeof value !== 'object' || value === null) return own
  return [
    ...own,
    ...Object.entries(value).flatMap(([name, each]) =>
      swapsOf(each ?? null, `${path}/${name}`).map((one) => ({ ...one, value: { ...value, [name]: one.value } })),
    ),
  ]
}
