import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cleanEnvironment } from '../processes.config.js'

export interface Image {
  /** Folder that stands for `/` of the last stage. */
  root: string
  entrypoint: string[]
  workdir: string
  user: string
  env: Record<string, string>
}

interface Stage extends Image {
  name?: string
}

/** One step that took part, in words of the file; it failed with `output` when `code` is not 0. */
export class DockerfileStepFailed extends Error {}

/**
 * Follows a Dockerfile without a container engine: each stage is an empty folder, `/` of a command is that folder, and `FROM` brings nothing
 * but what this machine has: its Node, its shell. Knows the instructions that ours uses and throws at any other.
 */
export async function followDockerfile(file: string, context: string, folder: string): Promise<Image> {
  const stages: Stage[] = []
  for (const [word, rest] of instructionsOf(readFileSync(file, 'utf8'))) {
    if (word === 'ARG' || word === 'LABEL') continue
    if (word === 'FROM') {
      stages.push(newStage(join(folder, String(stages.length)), /\bAS (\S+)$/.exec(rest)?.[1]))
      continue
    }
    const stage = stages.at(-1)!
    if (word === 'WORKDIR') mkdirSync(join(stage.root, (stage.workdir = rest)), { recursive: true })
    else if (word === 'ENV') Object.assign(stage.env, Object.fromEntries([rest.split('=') as [string, string]]))
    else if (word === 'USER') stage.user = rest
    else if (word === 'ENTRYPOINT') stage.entrypoint = JSON.parse(rest) as string[]
    else if (word === 'COPY') copy(stage, rest, stages, context)
    else if (word === 'RUN') await run(stage, rest)
    else throw new DockerfileStepFailed(`${word} is not known here`)
  }
  return stages.at(-1)!
}

function instructionsOf(text: string): [word: string, rest: string][] {
  const lines = text.replaceAll(/\\\n/g, ' ').split('\n')
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('#')).map((line) => [line.split(' ')[0]!, line.replace(/^\S+ /, '')])
}

function newStage(root: string, name?: string): Stage {
  for (const path of ['tmp', 'usr/local/bin']) mkdirSync(join(root, path), { recursive: true })
  return { root, name, entrypoint: [], workdir: '/', user: 'root', env: {} }
}

function copy(stage: Stage, rest: string, stages: readonly Stage[], context: string): void {
  const words = rest.split(' ')
  const from = words[0]!.startsWith('--from=') ? words.shift()!.slice('--from='.length) : undefined
  const source = from === undefined ? context : stages.find(({ name }) => name === from)!.root
  const target = words.pop()!
  for (const word of words) {
    const into = target.endsWith('/') ? join(target, basename(word)) : target
    cpSync(join(source, word), join(stage.root, into.startsWith('/') ? into : join(stage.workdir, into)), { recursive: true })
  }
}

/** As `sh -c` would in the container; absolute paths lie below the stage's folder. */
function run({ root, workdir, env }: Stage, command: string): Promise<void> {
  const here = command.replaceAll(/(^|[ =])\//g, `$1${root}/`)
  const child = spawn('sh', ['-ec', here], {
    cwd: join(root, workdir),
    env: { ...withoutNpm(cleanEnvironment()), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output = (output + String(chunk)).slice(-4_000)))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve() : reject(new DockerfileStepFailed(`RUN ${command}: ${code}\n${output}`))))
  })
}

/** Returns the environment without the variables that npm sets for its scripts, as this test: another npm must not inherit them. */
function withoutNpm(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(npm_|INIT_CWD$|NODE_ENV$|VITEST)/i.test(name)))
}
