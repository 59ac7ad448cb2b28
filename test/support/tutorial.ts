import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanEnvironment } from './processes.config.js'
import { until } from './processes.js'

/**
 * A fenced block: what it is written in, what stands behind that word, its text. `sh` is run line by line, `exits N` says how its last one
 * ends; `text` is shown by then, where `…` stands for anything; what names a file in its first line is written to it.
 */
export interface Block {
  language: string
  rest: string
  text: string
}

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)[ ]*(.*)\n([\s\S]*?)^```$/gm)].map(([, language, rest, text]) => ({
    language: language!,
    rest: rest!,
    text: text!,
  }))
}

/** What stays in the terminal in which it was started. */
const STAYS = /^(npx hms-svc dev|(\w+=\S+ )?node (bot|receiver)\.mjs)$/
const LINE_MS = 120_000
const SHOWN_MS = 30_000

/** Does in a folder what a tutorial says, in its order. */
export class Reader {
  private readonly staying: ChildProcess[] = []
  private transcript = ''
  /** Where the output of the last `sh` block begins. */
  private from = 0

  /** `said`: what this machine has in place of a text, such as a port. */
  constructor(
    private readonly folder: string,
    private readonly env: Record<string, string>,
    private readonly said: Readonly<Record<string, string>>,
    private readonly isReady: () => Promise<boolean>,
  ) {}

  async do(block: Block): Promise<void> {
    const text = Object.entries(this.said).reduce((changed, [theirs, ours]) => changed.replaceAll(theirs, ours), block.text)
    const file = /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text)?.[1]
    if (block.language === 'text') await this.expectShown(text)
    else if (file !== undefined) writeFileSync(join(this.folder, file), text)
    else if (block.language === 'sh') await this.runLines(text, Number(/^exits (\d+)$/.exec(block.rest)?.[1] ?? 0))
    else throw new Error(`nobody knows what to do with this block:\n${block.text}`)
  }

  async end(): Promise<void> {
    for (const child of this.staying.toReversed()) {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill('SIGTERM')
      await ended
    }
  }

  private async runLines(text: string, exits: number): Promise<void> {
    this.from = this.transcript.length
    const lines = text.trimEnd().split('\n')
    for (const [index, line] of lines.entries()) {
      if (STAYS.test(line)) await this.keep(line)
      else await this.run(line, index === lines.length - 1 ? exits : 0)
    }
  }

  private async keep(line: string): Promise<void> {
    const child = this.start(`exec ${line.replace(/^(\w+=\S+) /, 'env $1 ')}`)
    this.staying.push(child)
    if (line.endsWith('hms-svc dev')) await until('dev is ready', async () => child.exitCode !== null || (await this.isReady()), LINE_MS)
    if (child.exitCode !== null) throw new Error(`${line} ended by itself:\n${this.transcript.slice(this.from)}`)
  }

  private async run(line: string, exits: number): Promise<void> {
    const child = this.start(line)
    const late = setTimeout(() => child.kill('SIGKILL'), LINE_MS)
    const [code] = (await once(child, 'close')) as [number | null]
    clearTimeout(late)
    if (code !== exits) throw new Error(`${line}: exit ${code}, not ${exits}\n${this.transcript.slice(this.from)}`)
  }

  private start(line: string): ChildProcess {
    const { PATH, ...rest } = cleanEnvironment()
    // The program is called as npx would, without its second of looking around.
    const env = { ...rest, ...this.env, PATH: `${join(this.folder, 'node_modules/.bin')}:${PATH}` }
    const child = spawn('sh', ['-c', line.replaceAll('npx hms-svc', 'hms-svc')], {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (this.transcript += chunk))
    return child
  }

  private async expectShown(text: string): Promise<void> {
    for (const line of text.trimEnd().split('\n')) {
      const pattern = new RegExp(line.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/ ?… ?/g, '.*'))
      await until(`it says ${line}`, async () => pattern.test(this.transcript.slice(this.from)), SHOWN_MS).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${this.transcript.slice(this.from)}`)
      })
    }
  }
}
