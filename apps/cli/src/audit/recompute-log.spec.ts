import type { ApiClient } from '#libs/client'
import type { ApprovedReleases, HmsError, LoggedRelease } from '#libs/contracts'
import {
  ApprovalTree,
  cosign,
  digestOf,
  entryBundle,
  formatCheckpoint,
  generateKeyPair,
  HashTree,
  leafHash,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  readTilePath,
  readVkey,
  signNote,
  tileWidth,
  TILE_WIDTH,
  vkeyOf,
  type ApprovalRoot,
  type LogPolicy,
} from '#libs/signing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Problems } from '../output/problems.js'
import { recomputeLog, SeenCheckpoint } from './recompute-log.js'

const INSTALLATION = 'sha256:first'

const logKeys = generateKeyPair()
const witnessKeys = generateKeyPair()
const policy: LogPolicy = {
  log: readVkey(vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(logKeys.publicKey))),
  witnesses: [readVkey(vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witnessKeys.publicKey)))],
  quorum: 1,
}

function detailsOf(problems: Problems): string {
  try {
    problems.raise()
    return ''
  } catch (error) {
    const { detail, errors } = error as HmsError
    return [detail, ...errors.map((each) => each.detail)].join('\n')
  }
}

function approvalOf(run: number): LoggedRelease[] {
  return ['lead', 'ozone'].map((policy) => ({ policy, version: '1.0.0', digest: digestOf(`${policy} ${run}`) }))
}

function rootOf(run: number): ApprovalRoot {
  return new ApprovalTree(approvalOf(run).map(({ policy, ...rest }) => ({ id: policy, ...rest }))).root
}

/** Log as served at its checkpoint, with later manipulations by a root user. */
class ServedLog {
  entries: Buffer[]
  leaves: Uint8Array[]
  note = ''
  cut = false
  /** Index of an approval entry whose releases the log does not list. */
  unlisted = -1
  /** Index of an approval entry for which the log reports other releases. */
  swapped = -1

  constructor(count: number) {
    this.entries = Array.from({ length: count }, (_, run) =>
      Buffer.from(
        JSON.stringify(
          run % 2 === 0 ? { run, type: 'hms.approval.approved.v1', releases: rootOf(run) } : { run, type: 'hms.lint.passed.v1' },
        ),
      ),
    )
    this.leaves = this.entries.map((entry) => leafHash(entry))
  }

  async publish(): Promise<this> {
    const tree = new HashTree()
    for (const leaf of this.leaves) tree.append(leaf)
    const body = formatCheckpoint({ origin: policy.log.name, size: tree.size, root: tree.root() })
    this.note =
      (await signNote(body, policy.log, localSigner(logKeys.privateKey))) +
      (await cosign(body, 1_700_000_000, policy.witnesses[0]!, localSigner(witnessKeys.privateKey)))
    return this
  }

  edit(index: number, text: string, { leaf }: { leaf: boolean }): void {
    this.entries[index] = Buffer.from(text)
    if (leaf) this.leaves[index] = leafHash(this.entries[index]!)
  }

  client(): ApiClient {
    const bytes = async (path: string): Promise<Buffer> => {
      if (path === '/checkpoint') return Buffer.from(this.note)
      const tile = readTilePath(path.slice('/tile/'.length))!
      const width = Math.min(tile.width, tileWidth(tile.level, tile.index, this.entries.length))
      const range = [tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + width] as const
      if (tile.level === 'entries') return entryBundle(this.entries.slice(...range)).subarray(0, this.cut ? -1 : undefined)
      return Buffer.concat(this.leaves.slice(...range))
    }
    const get = async (_path: string, { from }: { from: number }): Promise<ApprovedReleases[]> => {
      const indexes = this.entries.slice(from, from + TILE_WIDTH).map((_, at) => from + at)
      return indexes.flatMap((index) =>
        index % 2 === 0 && index !== this.unlisted ? [{ index, releases: approvalOf(index === this.swapped ? 0 : index) }] : [],
      )
    }
    return { bytes, get } as unknown as ApiClient
  }

  /** Returns the result, with all problems in one text. */
  async recompute() {
    const problems = new Problems()
    const log = await recomputeLog(this.client(), policy, problems)
    return { ...log, problems: detailsOf(problems) }
  }
}

describe('recomputeLog', () => {
  it.each([1, 256, 257, 700])('computes the signed root of %d entries, and returns the approved runs', async (count) => {
    const { checkpoint, tree, approved, problems } = await (await new ServedLog(count).publish()).recompute()
    expect([checkpoint.size, tree.size, approved.size, problems]).toEqual([count, count, Math.ceil(count / 2), ''])
    expect(checkpoint.witnessedAt).toBe(1_700_000_000)
    expect(
      approved
        .get(0)
        ?.map(({ id }) => id)
        .sort(),
    ).toEqual(['lead', 'ozone'])
  })

  it.each<[string, RegExp, (log: ServedLog) => void]>([
    ['an entry changed', /entry 300 is not the one/, (log) => log.edit(300, '{"run":1,"type":"x"}', { leaf: false })],
    ['an entry and its hash changed', /do not have the root/, (log) => log.edit(300, '{"run":1,"type":"x"}', { leaf: true })],
    ['the tail dropped', /bundle 2 has/, (log) => void (log.entries.length = 699)],
    ['a bundle that was cut', /entry bundle is truncated/, (log) => void (log.cut = true)],
    ['an entry deleted in the middle', /is not the one|bundle/, (log) => void log.entries.splice(10, 1)],
    ['an approval without listed releases', /entry 300 is an approval/, (log) => void (log.unlisted = 300)],
    ['an approval of other releases than its entry commits to', /entry 300 is an approval/, (log) => void (log.swapped = 300)],
    ['two entries swapped', /is not the one/, (log) => void ([log.entries[1], log.entries[2]] = [log.entries[2]!, log.entries[1]!])],
  ])('reports %s', async (_what, message, tamper) => {
    const log = await new ServedLog(700).publish()
    tamper(log)
    expect((await log.recompute()).problems).toMatch(message)
  })

  it('reports every wrong entry, not only the first one', async () => {
    const log = await new ServedLog(700).publish()
    for (const index of [3, 300, 699]) log.edit(index, 'no JSON', { leaf: false })
    for (const index of [3, 300, 699]) expect((await log.recompute()).problems).toContain(`entry ${index} is not the one`)
  })

  it('throws if the checkpoint does not verify', async () => {
    const log = await new ServedLog(700).publish()
    log.note = log.note.replace('\n700\n', '\n699\n')
    await expect(log.recompute()).rejects.toThrow(/HMS_(CHECKPOINT|NOTE)/)
  })

  it('refuses a signed checkpoint without a witness', async () => {
    const log = await new ServedLog(3).publish()
    log.note = `${log.note.trimEnd().split('\n').slice(0, -1).join('\n')}\n`
    await expect(log.recompute()).rejects.toThrow('HMS_CHECKPOINT_UNWITNESSED')
  })

  it('returns a tree that SeenCheckpoint refuses if the log was shortened or rewritten', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hms-seen-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const seen = new SeenCheckpoint(folder, INSTALLATION, policy.log.name)
    const before = await (await new ServedLog(300).publish()).recompute()
    expect(await seen.checkpointExtending(before.tree)).toBeUndefined()
    await seen.keep(before.note)
    const after = await (await new ServedLog(310).publish()).recompute()
    expect(await seen.checkpointExtending(after.tree)).toMatchObject({ size: 300 })

    await expect(seen.checkpointExtending((await (await new ServedLog(299).publish()).recompute()).tree)).rejects.toThrow(
      '299 entries, but had 300',
    )
    const rewritten = new ServedLog(310)
    rewritten.edit(5, '{"run":5,"type":"x"}', { leaf: true })
    await expect(seen.checkpointExtending((await (await rewritten.publish()).recompute()).tree)).rejects.toThrow(
      'not those that were verified here',
    )
  })

  it('is remembered for each installation, also without a data folder, as on the machine of an auditor', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hms-seen-'))
    onTestFinished(() => rmSync(home, { recursive: true }))
    vi.stubEnv('HOME', home)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { note, tree } = await (await new ServedLog(3).publish()).recompute()
    await new SeenCheckpoint(join(home, '.hms'), INSTALLATION, policy.log.name).keep(note)
    expect(await new SeenCheckpoint(join(home, '.hms'), INSTALLATION, policy.log.name).checkpointExtending(tree)).toMatchObject({ size: 3 })
    expect(await new SeenCheckpoint(join(home, '.hms'), 'sha256:other', policy.log.name).checkpointExtending(tree)).toBeUndefined()
  })
})
