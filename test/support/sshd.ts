import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { areToolsRequired } from './kubernetes/tools.config.js'
import { freePort, until } from './processes.js'

const PROGRAM = '/usr/sbin/sshd'

export type KeyType = 'ed25519' | 'ecdsa' | 'rsa'

export interface SshdOptions {
  hostKey?: KeyType
  userKey?: KeyType
  /** `-R`: read only. */
  sftpFlags?: string
}

/** OpenSSH's own server on the loopback, for SFTP as the user who runs the tests. */
export class Sshd {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    readonly port: number,
  ) {}

  static async start({ hostKey = 'ed25519', userKey = 'ed25519', sftpFlags = '' }: SshdOptions = {}): Promise<Sshd> {
    const folder = mkdtempSync(join(tmpdir(), 'hms-sshd-'))
    makeKey(join(folder, 'host'), hostKey)
    makeKey(join(folder, 'user'), userKey)
    mkdirSync(join(folder, 'drop'))
    // Where sshd parts its rights; only root may make it, and only root's sshd needs it.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
    const port = await freePort()
    const lines = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      `Subsystem sftp internal-sftp ${sftpFlags}`,
    ]
    writeFileSync(join(folder, 'config'), `${lines.join('\n')}\n`)
    const child = spawn(PROGRAM, ['-D', '-e', '-f', join(folder, 'config')], { stdio: ['ignore', 'ignore', 'ignore'] })
    const started = new Sshd(child, folder, port)
    await until('sshd listens', () => answers(port), 20_000)
    return started
  }

  get user(): string {
    return userInfo().username
  }

  /** As `ssh-keyscan` prints it, without the host. */
  get hostKey(): string {
    return readFileSync(join(this.folder, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  }

  get userKey(): string {
    return readFileSync(join(this.folder, 'user'), 'utf8')
  }

  /** What partners would give us to write into. */
  get dir(): string {
    return join(this.folder, 'drop')
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve))
    if (this.process.exitCode === null && this.process.kill()) await ended
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** `describe` where OpenSSH's server is, else a skip that says so; with `HMS_TEST_TOOLS=required` there is no skip. */
export function describeWithSshd(name: string, suite: () => void): void {
  if (existsSync(PROGRAM) || areToolsRequired()) describe(name, suite)
  else describe.skip(`${name} (skipped: needs ${PROGRAM} of Debian's openssh-server)`, suite)
}

function makeKey(file: string, type: KeyType): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file])
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', () => settle(true))
    socket.once('error', () => settle(false))
    socket.once('end', () => settle(false))
  })
}
