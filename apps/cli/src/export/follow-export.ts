import { existsSync } from 'node:fs'
import { mkdir, open, stat, truncate, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ApiClient } from '#libs/client'
import { EXIT, HmsError, isObject, jsonIn } from '#libs/contracts'
import type { ExportRecord } from '#libs/export'
import { acquireFolder, EmbeddedError, readGivenText, replaceFile } from '#libs/files'
import type { CliContext } from '../context.js'
import { stopOnInterrupt } from '../stop-on-interrupt.js'
import { filesOf, linesOf, readExport } from './read-export.js'

const POLL_MS = 5_000
const LONGEST_WAIT_MS = 60_000
const STATE = 'state.json'
const MAX_STATE_BYTES = 64 * 1024

/** End of the last whole pull: the file, its size then, and the cursor to continue from. */
interface FollowPosition {
  file: string
  bytes: number
  cursor: string
}

/** Keeps a folder up to date with `/v1/export`, a file a day, until Ctrl-C. A kill never loses or repeats a record. */
export async function followExport(context: CliContext, folder: string): Promise<number> {
  const { io, output } = context
  const client = await context.client()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lock = await acquireFolder(folder, { purpose: 'export --follow' }).catch((error: unknown) => {
    if (!(error instanceof EmbeddedError)) throw error
    throw new HmsError('HMS_EXPORT_FOLDER_IN_USE', `${error.message}.`, { status: 409, cause: error })
  })
  const stopper = stopOnInterrupt(io, true)
  let place: FollowPosition | undefined
  let failures = 0
  try {
    do {
      try {
        place ??= await restorePlace(folder)
        for (let pulled; (pulled = await pull(context, client, folder, place, stopper.signal)) !== undefined; place = pulled.place) {
          const { entries } = pulled
          const { file, cursor } = pulled.place
          output.data({ file, entries, cursor }, () => [`${file}: ${entries} more entries`])
        }
        failures = 0
      } catch (error) {
        if (stopper.signal.aborted) break
        if (!(error instanceof HmsError) || !error.retryable) throw error
        // The file has part of a pull, which the next one drops.
        place = undefined
        failures++
        output.note(`! ${error.detail} Retrying; nothing is lost.`)
      }
    } while (await stopper.wait(Math.min(LONGEST_WAIT_MS, POLL_MS * 2 ** failures)))
  } finally {
    stopper.end()
    await lock.release()
  }
  output.note('Stopped. The next start continues from here.')
  return EXIT.interrupted
}

/** Appends what is new to the file of the day, then stores the place. `undefined` if nothing is new. */
async function pull({ io }: CliContext, client: ApiClient, folder: string, last: FollowPosition | undefined, signal: AbortSignal) {
  const today = `${new Date(io.now()).toISOString().slice(0, 10)}.ndjson`
  // Days stay in order when the clock was set back.
  const file = last !== undefined && last.file > today ? last.file : today
  const path = `/v1/export${last === undefined ? '' : `?after=${last.cursor}`}`
  let out: FileHandle | undefined
  let cursor: string | undefined
  let entries = 0
  try {
    for await (const { text, isHalf } of linesOf(client.text(path, signal), path)) {
      if (isHalf) break
      const record = JSON.parse(text) as ExportRecord
      if (record.type === 'entry') entries++
      if (record.type === 'cursor') cursor = record.cursor
      if (cursor !== undefined && cursor === last?.cursor) return undefined
      out ??= await open(join(folder, file), 'a', 0o600)
      // Unlike `write`, it reports a line that a full disk or a quota cut.
      await out.appendFile(`${text}\n`) // guard: followed-whole-lines
    }
    if (out === undefined || cursor === undefined)
      throw new HmsError('HMS_EXPORT_BROKE_OFF', 'The export ended before its last line.', { status: 503, retryable: true })
    await out.sync()
    const place: FollowPosition = { file, bytes: (await out.stat()).size, cursor }
    await replaceFile(join(folder, STATE), JSON.stringify(place), 0o600)
    return { place, entries }
  } finally {
    await out?.close()
  }
}

/** Returns the end of the last whole pull, and drops what a killed one left behind. A file that lost lines is read for its last cursor. */
async function restorePlace(folder: string): Promise<FollowPosition | undefined> {
  const state = join(folder, STATE)
  const stored = existsSync(state) ? jsonIn(await readGivenText(state, MAX_STATE_BYTES)) : undefined
  const known = isObject(stored) ? (stored as unknown as FollowPosition) : undefined
  for (const path of (await filesOf(folder)).toReversed()) {
    const file = basename(path)
    const { size } = await stat(path)
    const end = known?.file === file && size >= known.bytes ? known : await lastCursorIn(path)
    if (size > end.bytes) await truncate(path, end.bytes)
    if (end.cursor !== undefined) return { file, bytes: end.bytes, cursor: end.cursor }
  }
  return undefined
}

async function lastCursorIn(path: string): Promise<{ bytes: number; cursor?: string }> {
  let last: { bytes: number; cursor?: string } = { bytes: 0 }
  for await (const { record, end } of readExport(path, true)) if (record.type === 'cursor') last = { bytes: end, cursor: record.cursor }
  return last
}
