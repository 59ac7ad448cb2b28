import { sshFingerprint } from '#libs/signing'
import type { Socket } from 'node:net'
import ssh2, { type Client, type FileEntryWithStats, type SFTPWrapper, type Stats } from 'ssh2'
import { SftpFailure, type RemoteFolder } from './remote-folder.js'
import type { HostPin } from '../../partners/ssh-keys.js'

export interface SessionOptions {
  user: string
  /** Private key, PEM or OpenSSH. */
  key: string
  host: HostPin
  dir: string
  /** Timeout of each protocol step. */
  stepMs: number
}

type Done<T> = (error: Error | null | undefined, value?: T) => void

const CHUNK_BYTES = 32 * 1024
const MAX_MESSAGE = 200
/** Status codes of the protocol (draft-ietf-secsh-filexfer-02 §7). */
const EOF = 1
const NO_SUCH_FILE = 2
const PERMISSION_DENIED = 3

/** One authenticated connection to one folder. It runs one step at a time; a step that misses its deadline ends the connection. */
export class SftpSession implements RemoteFolder {
  private readonly client: Client = new ssh2.Client()
  private sftp!: SFTPWrapper
  private ended: SftpFailure | undefined
  private interrupt: ((failure: SftpFailure) => void) | undefined

  private constructor(
    private readonly socket: Socket,
    private readonly options: SessionOptions,
  ) {
    this.client.on('error', (error) => this.end(connectionFailure(error)))
    this.client.on('close', () => this.end(new SftpFailure('lost', 'the server closed the connection')))
  }

  /** Opens a session over a connected socket; the session closes it. */
  static async open(socket: Socket, options: SessionOptions): Promise<SftpSession> {
    const session = new SftpSession(socket, options)
    await session.signIn()
    session.sftp = await session.step<SFTPWrapper>('opening SFTP', (done) => session.client.sftp(done))
    session.sftp.on('error', (error: Error) => session.end(connectionFailure(error)))
    return session
  }

  async sizeOf(name: string): Promise<number | undefined> {
    try {
      return (await this.step<Stats>(`looking at ${name}`, (done) => this.sftp.stat(this.path(name), done))).size
    } catch (error) {
      if (error instanceof SftpFailure && error.reason === 'missing') return undefined
      throw error
    }
  }

  async read(name: string, maxBytes: number): Promise<Buffer> {
    const what = `reading ${name}`
    return this.withHandle(what, name, 'r', async (handle) => {
      const bytes = Buffer.alloc(maxBytes)
      let at = 0
      while (at < maxBytes) {
        const length = Math.min(CHUNK_BYTES, maxBytes - at)
        const got = await this.step<number>(what, (done) => this.sftp.read(handle, bytes, at, length, at, eofIsNothing(done)))
        if (got === 0) break
        at += got
      }
      return bytes.subarray(0, at)
    })
  }

  create(name: string, bytes: Buffer): Promise<void> {
    const what = `writing ${name}`
    return this.withHandle(what, name, 'wx', async (handle) => {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES, bytes.length - at)
        await this.step(what, (done) => this.sftp.write(handle, bytes, at, length, at, done))
      }
      await this.offered(`bringing ${name} to the disk`, (done) => this.sftp.ext_openssh_fsync(handle, done))
    })
  }

  async replace(from: string, to: string): Promise<void> {
    const [source, target] = [this.path(from), this.path(to)]
    const what = `renaming to ${to}`
    if (await this.offered(what, (done) => this.sftp.ext_openssh_rename(source, target, done))) return
    await this.step(what, (done) => this.sftp.rename(source, target, done))
  }

  async remove(name: string): Promise<void> {
    await this.step(`removing ${name}`, (done) => this.sftp.unlink(this.path(name), done))
  }

  async list(limit: number): Promise<string[]> {
    const what = `listing ${this.options.dir}`
    const handle = await this.step<Buffer>(what, (done) => this.sftp.opendir(this.options.dir, done))
    try {
      const names: string[] = []
      while (names.length < limit) {
        const entries = await this.step<FileEntryWithStats[]>(what, (done) => this.sftp.readdir(handle, eofIsNothing(done)))
        if (entries === undefined || entries.length === 0) break
        names.push(...entries.map(({ filename }) => filename))
      }
      return names.slice(0, limit)
    } finally {
      await this.closeHandle(handle)
    }
  }

  /** Closes the connection and rejects the step in progress. */
  end(failure = new SftpFailure('lost', 'the connection was ended')): void {
    if (this.ended !== undefined) return
    this.ended = failure
    this.client.end()
    // A server that does not close its side would keep the socket open forever.
    this.socket.destroySoon()
    this.interrupt?.(failure)
  }

  private async signIn(): Promise<void> {
    const { user, key, host } = this.options
    let shown: string | undefined
    const hostVerifier = (blob: Buffer): boolean => {
      if (blob.equals(host.blob)) return true // guard: sftp-host-key
      shown = sshFingerprint(blob)
      return false
    }
    try {
      await this.step('signing in', (done) => {
        this.client.once('ready', () => done(null))
        this.client.connect({
          sock: this.socket,
          username: user,
          privateKey: key,
          authHandler: ['publickey'],
          hostVerifier,
          algorithms: { serverHostKey: host.algorithms },
          readyTimeout: 0,
        })
      })
    } catch (error) {
      this.socket.destroy()
      if (shown !== undefined) {
        const detail = `the server shows the host key ${shown}, registered is ${host.fingerprint}; ask the partner which is right`
        throw new SftpFailure('untrusted', detail)
      }
      throw error
    }
  }

  private async withHandle<T>(what: string, name: string, flags: 'r' | 'wx', use: (handle: Buffer) => Promise<T>): Promise<T> {
    const handle = await this.step<Buffer>(what, (done) => this.sftp.open(this.path(name), flags, done))
    let result: T
    try {
      result = await use(handle)
    } catch (error) {
      await this.closeHandle(handle)
      throw error
    }
    // A server may report a full disk only on close.
    await this.step(what, (done) => this.sftp.close(handle, done))
    return result
  }

  private async closeHandle(handle: Buffer): Promise<void> {
    await this.step('closing', (done) => this.sftp.close(handle, done)).catch(() => undefined)
  }

  /** Runs a step of an extension. Resolves to `false` if the server does not offer it; ssh2 then throws before it sends anything. */
  private async offered(what: string, run: (done: Done<unknown>) => void): Promise<boolean> {
    let isOffered = true
    await this.step(what, (done) => {
      try {
        run(done)
      } catch {
        isOffered = false
        done(null)
      }
    })
    return isOffered
  }

  private step<T>(what: string, run: (done: Done<T>) => void): Promise<T> {
    if (this.ended !== undefined) return Promise.reject(this.ended)
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end(new SftpFailure('late', `${what}: no answer within ${this.options.stepMs / 1000} s`))
      }, this.options.stepMs)
      const settle = (failure: SftpFailure | undefined, value?: T): void => {
        if (this.interrupt !== interrupt) return
        this.interrupt = undefined
        clearTimeout(timer)
        if (failure === undefined) resolve(value as T)
        else reject(failure)
      }
      const interrupt = (failure: SftpFailure): void => settle(failure)
      this.interrupt = interrupt
      try {
        run((error, value) => settle(error ? (this.ended ?? stepFailure(what, error)) : undefined, value))
      } catch (error) {
        settle(stepFailure(what, error as Error))
      }
    })
  }

  private path(name: string): string {
    return `${this.options.dir.replace(/\/+$/, '')}/${name}`
  }
}

/** Converts the end of a file or list, which ssh2 reports as an error, to an empty result. */
function eofIsNothing<T>(done: Done<T>): (error: Error | undefined, value: T) => void {
  return (error, value) => ((error as { code?: unknown } | undefined)?.code === EOF ? done(null, undefined) : done(error, value))
}

function stepFailure(what: string, error: Error): SftpFailure {
  const { code } = error as { code?: unknown }
  const reason = code === NO_SUCH_FILE ? 'missing' : code === PERMISSION_DENIED ? 'denied' : typeof code === 'number' ? 'failed' : 'lost'
  return new SftpFailure(reason, `${what}: ${plainText(error.message)}`)
}

function connectionFailure(error: Error & { level?: string }): SftpFailure {
  if (error.level === 'client-authentication') return new SftpFailure('login', 'the server refuses our key for this user')
  if (/no matching host key/.test(error.message))
    return new SftpFailure('untrusted', 'the server has no host key of the registered type; ask the partner which key is right')
  return new SftpFailure('lost', plainText(error.message))
}

/** Returns a server's text on one line and without control characters, for lists and logs. */
function plainText(text: string): string {
  return text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, MAX_MESSAGE)
}
