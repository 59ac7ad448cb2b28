import { existsSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { problemOf } from '../errors.js'
import { ok, unknown, warn, wrong, type Check } from './check.js'

const MIB = 1024 * 1024
const DISK = { wrong: 100 * MIB, warn: 1024 * MIB }
const MEMORY = { wrong: 128 * MIB, warn: 512 * MIB }

/** Checks the free space of the data folder; if it is missing, of the folder that it would be created in. */
export async function checkDisk(dataDir: string): Promise<Check> {
  let folder = resolve(dataDir)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    const { bavail, bsize } = await statfs(folder)
    return judgeRoom('disk', bavail * bsize, DISK, `free for ${folder}`, `df -h ${folder}`)
  } catch (error) {
    return unknown('disk', `${folder}: ${problemOf(error).detail}`)
  }
}

export function checkMemory(): Check {
  return judgeRoom('memory', availableMemory(), MEMORY, 'available', 'free -m')
}

/** `bounds`: thresholds in bytes below which it is wrong, or a warning. */
export function judgeRoom(check: string, bytes: number, bounds: { wrong: number; warn: number }, what: string, next: string): Check {
  const said = `${Math.floor(bytes / MIB)} MiB ${what}`
  if (bytes < bounds.wrong) return wrong(check, `${said}, less than ${bounds.wrong / MIB}`, next)
  if (bytes < bounds.warn) return warn(check, `${said}, less than ${bounds.warn / MIB}`, next)
  return ok(check, said)
}

/** Memory available to programs: Linux counts its caches as used, although it releases them. */
function availableMemory(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
    return kib === undefined ? freemem() : Number(kib) * 1024
  } catch {
    return freemem()
  }
}
