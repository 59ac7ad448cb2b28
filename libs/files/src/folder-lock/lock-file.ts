import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Claim, Holder } from './claim.js'

/**
 * macOS and the BSDs: open(2) takes an exclusive flock together with the file (sys/fcntl.h). Node passes the flag through, but has no name
 * for it.
 */
const O_EXLOCK = 0x20

/** Locks a file. The file stays after the release: removing it would let a third process lock a new file of the same name. */
export function claimFile(path: string, holder: Holder): Claim {
  let file: number
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | O_EXLOCK, 0o644)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return { heldBy: readHolder(path) }
    throw error
  }
  ftruncateSync(file)
  writeSync(file, JSON.stringify(holder))
  let open = true
  const release = async () => {
    if (open) closeSync(file)
    open = false
  }
  return { release }
}

function readHolder(path: string): Holder {
  try {
    const holder: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof holder === 'object' && holder !== null ? holder : {}
  } catch {
    return {}
  }
}
