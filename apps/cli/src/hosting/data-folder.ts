import { HmsError } from '#libs/contracts'
import { stopLeftBehind } from '#libs/persistence'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readGivenText } from '../files.js'

/** Marker file that records whether `dev` or `demo` owns the data of a folder. Only a marked folder may be emptied. */
const MARK = 'hms-svc.json'
type FolderKind = 'dev' | 'demo'

async function kindOf(dataDir: string): Promise<FolderKind | undefined> {
  try {
    return (JSON.parse(await readGivenText(join(dataDir, MARK))) as { kind: FolderKind }).kind
  } catch {
    return undefined
  }
}

function mark(dataDir: string, kind: FolderKind): Promise<void> {
  return writeFile(join(dataDir, MARK), `${JSON.stringify({ kind })}\n`)
}

async function empty(dataDir: string): Promise<void> {
  await stopLeftBehind(dataDir)
  for (const name of await readdir(dataDir)) await rm(join(dataDir, name), { recursive: true, force: true })
}

/** Prepares the folder of `dev`. Keeps its data; if a demo made it, later demos no longer empty it. `reset` empties a marked folder. */
export async function prepareDevFolder(dataDir: string, reset: boolean, print: (text: string) => void): Promise<void> {
  const kind = await kindOf(dataDir)
  if (reset) {
    if (kind === undefined && (await entries(dataDir)).length > 0) throw notOurs(dataDir, 'dev --reset')
    await empty(dataDir)
  } else if (kind === 'demo') {
    print(`${dataDir} was made by a demo; it is kept from now on.`)
  }
  await mark(dataDir, 'dev')
}

/** Prepares the folder of a demo. The folder of an earlier demo is emptied; any other folder that is not empty is refused. */
export async function prepareDemoFolder(dataDir: string, print: (text: string) => void): Promise<void> {
  const kind = await kindOf(dataDir)
  if (kind !== 'demo' && (await entries(dataDir)).length > 0) throw notOurs(dataDir, 'demo')
  if (kind === 'demo') {
    print(`Starting afresh on ${dataDir}, which an earlier demo made.`)
    await empty(dataDir)
  }
  await mark(dataDir, 'demo')
}

/** Lists the folder, without the lock that this process has just taken. */
async function entries(dataDir: string): Promise<string[]> {
  return (await readdir(dataDir)).filter((name) => !name.startsWith('folder.lock'))
}

function notOurs(dataDir: string, verb: string): HmsError {
  const detail = `${dataDir} holds data that ${verb} did not make and will not touch. Name another folder with --data.`
  return new HmsError('HMS_DATA_FOLDER_NOT_EMPTY', detail, { status: 409, next: [`hms-svc ${verb} --data DIR`] })
}
