import type { Seen } from '#libs/signing'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { SeenStore } from './seen.store.js'

type Stored = Record<string, { size: number; root: string }>

/** One JSON file, replaced whole. */
export class FileSeenStore implements SeenStore {
  constructor(private readonly folder: string) {}

  async get(origin: string): Promise<Seen | undefined> {
    const seen = (await this.read())[origin]
    return seen === undefined ? undefined : { size: seen.size, root: Buffer.from(seen.root, 'base64') }
  }

  async set(origin: string, { size, root }: Seen): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const stored: Stored = { ...(await this.read()), [origin]: { size, root: root.toString('base64') } }
    const draft = `${this.file}.new`
    const handle = await open(draft, 'w', 0o600)
    try {
      await handle.writeFile(`${JSON.stringify(stored)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, this.file)
  }

  private get file(): string {
    return join(this.folder, 'seen.json')
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
