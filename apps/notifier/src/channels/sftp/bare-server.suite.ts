import type { AddressInfo } from 'node:net'
import ssh2, { type SFTPWrapper } from 'ssh2'
import { ed25519Keys } from './ssh-keys.suite.js'

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp

export interface BareServerOptions {
  /** Request that gets no response, for instance `WRITE`. */
  silentAt?: string
  /** Request that fails with this status; the failure message is hostile. */
  failsAt?: { request: string; status: number }
  /** Whether the folder listing never ends. */
  isEndless?: boolean
}

/**
 * SFTP server in this process with files in memory, which offers no extension and fails on demand. `rename` refuses an existing name, as
 * version 3 of the protocol requires.
 */
export class BareServer {
  readonly files = new Map<string, Buffer>()
  /** Number of names sent so far in the latest folder listing. */
  listed = 0
  private readonly keys = { host: ed25519Keys(), user: ed25519Keys() }
  private readonly connections = new Set<{ end(): void }>()
  private readonly server: InstanceType<typeof ssh2.Server>

  private constructor(private readonly options: BareServerOptions) {
    this.server = new ssh2.Server({ hostKeys: [this.keys.host.private] }, (connection) => {
      this.connections.add(connection)
      connection.on('error', () => undefined)
      connection.on('close', () => this.connections.delete(connection))
      connection.on('authentication', (context) => context.accept())
      connection.on('session', (accept) => accept().on('sftp', (acceptSftp) => this.serve(acceptSftp())))
    })
  }

  static async start(options: BareServerOptions = {}): Promise<BareServer> {
    const bare = new BareServer(options)
    await new Promise<void>((resolve) => bare.server.listen(0, '127.0.0.1', resolve))
    return bare
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get hostKey(): string {
    return this.keys.host.public
  }

  get userKey(): string {
    return this.keys.user.private
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.end()
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }

  private serve(sftp: SFTPWrapper): void {
    const handles = new Map<number, { path: string; listedTo: number }>()
    const { silentAt, failsAt, isEndless = false } = this.options
    const on = (request: string, answer: (id: number, ...more: never[]) => void): void => {
      sftp.on(request as 'CLOSE', (id: number, ...more: unknown[]) => {
        if (request === silentAt) return
        if (request === failsAt?.request) sftp.status(id, failsAt.status, 'no\u001b[31m\r\nforged: line\0')
        else answer(id, ...(more as never[]))
      })
    }
    const open = (id: number, path: string): void => {
      const number = handles.size
      handles.set(number, { path, listedTo: 0 })
      sftp.handle(id, Buffer.from([number]))
    }
    const attributes = (size: number) => ({ mode: 0o100644, uid: 0, gid: 0, size, atime: 0, mtime: 0 })
    on('OPEN', (id, path: string, flags: number) => {
      const isThere = this.files.has(path)
      if ((flags & OPEN_MODE.EXCL) !== 0 && isThere) return sftp.status(id, STATUS_CODE.FAILURE)
      if ((flags & OPEN_MODE.CREAT) === 0 && !isThere) return sftp.status(id, STATUS_CODE.NO_SUCH_FILE)
      if ((flags & OPEN_MODE.CREAT) !== 0) this.files.set(path, Buffer.alloc(0))
      open(id, path)
    })
    on('WRITE', (id, handle: Buffer, offset: number, data: Buffer) => {
      const { path } = handles.get(handle[0]!)!
      this.files.set(path, Buffer.concat([this.files.get(path)!.subarray(0, offset), data]))
      sftp.status(id, STATUS_CODE.OK)
    })
    on('READ', (id, handle: Buffer, offset: number, length: number) => {
      const data = this.files.get(handles.get(handle[0]!)!.path)!.subarray(offset, offset + length)
      if (data.length === 0) sftp.status(id, STATUS_CODE.EOF)
      else sftp.data(id, data)
    })
    on('CLOSE', (id) => sftp.status(id, STATUS_CODE.OK))
    on('STAT', (id, path: string) => {
      const bytes = this.files.get(path)
      if (bytes === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE)
      else sftp.attrs(id, attributes(bytes.length))
    })
    on('OPENDIR', (id, path: string) => open(id, path))
    on('READDIR', (id, handle: Buffer) => {
      const state = handles.get(handle[0]!)!
      const start = state.listedTo
      const names = isEndless
        ? Array.from({ length: 100 }, (_, index) => `file-${start + index}`)
        : [...this.files.keys()].slice(start).map((path) => path.slice(path.lastIndexOf('/') + 1))
      if (names.length === 0) return sftp.status(id, STATUS_CODE.EOF)
      this.listed = state.listedTo += names.length
      sftp.name(
        id,
        names.map((filename) => ({ filename, longname: filename, attrs: attributes(0) })),
      )
    })
    on('RENAME', (id, from: string, to: string) => {
      if (this.files.has(to)) return sftp.status(id, STATUS_CODE.FAILURE)
      this.files.set(to, this.files.get(from)!)
      this.files.delete(from)
      sftp.status(id, STATUS_CODE.OK)
    })
    on('REMOVE', (id, path: string) => {
      sftp.status(id, this.files.delete(path) ? STATUS_CODE.OK : STATUS_CODE.NO_SUCH_FILE)
    })
  }
}
