import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toBase64 } from '#libs/contracts'
import { replaceFile } from '#libs/files'
import type { StoredCheckpoint, SeenStore } from './seen.store.js'

type Stored = Record<string, { size: number; root: string; note?: string }>

/** Stores the checkpoints in one JSON file, which is replaced atomically. */
export class FileSeenStore implements SeenStore {
  constructor(private readonly folder: string) {}

  /** Reads the file and writes it back. Rejects for an unreadable file or read-only folder, to report it before anything is signed. */
  async check(): Promise<void> {
    await this.write(await this.read())
  }

  async get(origin: string): Promise<StoredCheckpoint | undefined> {
    const seen = new Map(Object.entries(await this.read())).get(origin)
    return seen === undefined ? undefined : { ...seen, root: Buffer.from(seen.root, 'base64') }
  }

  async set(origin: string, { root, ...seen }: StoredCheckpoint): Promise<void> {
    await this.write({ ...(await this.read()), [origin]: { ...seen, root: toBase64(root) } })
  }

  private get file(): string {
    return join(this.folder, 'seen.json')
  }

  private async write(stored: Stored): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    await replaceFile(this.file, `${JSON.stringify(stored)}\n`, 0o600)
  }

  private async read(): Promise<Stored> {
    try {
      return JSON.parse(await readFile(this.file, 'utf8')) as Stored
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
      throw error
    }
  }
}
