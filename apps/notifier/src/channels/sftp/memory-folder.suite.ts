import { type RemoteFolder, SftpFailure } from './remote-folder.js'

/** Connection failure at a step, before, within or after the server's execution; `within` may leave half of the bytes. */
export type Break = { step: number; moment: 'before' | 'within' | 'after' }

/** Folder in memory that records its visible files after each step, and fails at the given `Break`. */
export class MemoryFolder implements RemoteFolder {
  readonly files: Map<string, Buffer>
  readonly seen: string[][] = []
  steps = 0
  isReadable = true
  isListable = true
  /** Whether `replace` refuses an existing name, as servers without posix-rename@openssh.com do. */
  keepsExisting = false
  /** Free bytes on its disk. */
  space = Infinity

  constructor(
    files: Iterable<[string, Buffer]> = [],
    private readonly breaksAt?: Break,
  ) {
    this.files = new Map(files)
  }

  sizeOf(name: string): Promise<number | undefined> {
    return this.step(() => this.files.get(name)?.length)
  }

  read(name: string, maxBytes: number): Promise<Buffer> {
    return this.step(() => {
      if (!this.isReadable) throw new SftpFailure('denied', 'reading: Permission denied')
      return this.get(name).subarray(0, maxBytes)
    })
  }

  create(name: string, bytes: Buffer): Promise<void> {
    return this.step(
      () => {
        if (this.files.has(name)) throw new SftpFailure('failed', 'creating: Failure')
        const kept = bytes.subarray(0, this.space)
        this.space -= kept.length
        this.files.set(name, kept)
      },
      () => void this.files.set(name, bytes.subarray(0, bytes.length / 2)),
    )
  }

  replace(from: string, to: string): Promise<void> {
    return this.step(() => {
      if (this.keepsExisting && this.files.has(to)) throw new SftpFailure('failed', 'renaming: Failure')
      const bytes = this.get(from)
      this.files.delete(from)
      this.files.set(to, bytes)
    })
  }

  remove(name: string): Promise<void> {
    return this.step(() => {
      this.get(name)
      this.files.delete(name)
    })
  }

  list(limit: number): Promise<string[]> {
    return this.step(() => {
      if (!this.isListable) throw new SftpFailure('denied', 'listing: Permission denied')
      return [...this.files.keys()].slice(0, limit)
    })
  }

  private get(name: string): Buffer {
    const bytes = this.files.get(name)
    if (bytes === undefined) throw new SftpFailure('missing', `${name}: No such file`)
    return bytes
  }

  private async step<T>(act: () => T, half: () => void = () => {}): Promise<T> {
    const moment = this.breaksAt !== undefined && this.steps >= this.breaksAt.step ? this.breaksAt.moment : undefined
    const isFirst = this.steps === this.breaksAt?.step
    this.steps++
    if (moment !== undefined) {
      if (isFirst && moment === 'within') half()
      if (isFirst && moment === 'after') act()
      this.look()
      throw new SftpFailure('lost', 'the connection broke')
    }
    const answer = act()
    this.look()
    return answer
  }

  private look(): void {
    this.seen.push([...this.files.keys()].filter((name) => !name.startsWith('.')))
  }
}
