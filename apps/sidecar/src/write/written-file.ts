import { HmsError } from '#libs/contracts'
import { readGivenText, replaceForOthers } from '#libs/files'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { HeldValues } from '../held-values.js'
import { idsIn, parseTemplate, renderTemplate, type Template } from './template.js'

/** Parsed option `--write TEMPLATE=FILE`. */
export interface WriteTarget {
  template: string
  file: string
}

const MAX_FILES = 64
const MAX_TEMPLATE_BYTES = 256 * 1024
/** Limit of the rendered text. A template may reference a policy of 256 KiB more than once. */
const MAX_FILE_CHARACTERS = 16 * 1024 * 1024

/** File that is written from a template and the values in force. */
export class WrittenFile {
  private written: string | undefined

  private constructor(
    readonly file: string,
    private readonly template: Template,
    readonly ids: ReadonlySet<string>,
  ) {}

  /** Reads and parses the template. Throws for a template that cannot be read or parsed, and for a file that can never be written. */
  static async open({ template, file }: WriteTarget): Promise<WrittenFile> {
    if (resolve(template) === resolve(file)) throw refusedTarget(file, 'is its own template')
    const parsed = parseTemplate(await readGivenText(template, MAX_TEMPLATE_BYTES), template)
    const existing = await stat(file).catch(() => undefined)
    if (existing !== undefined && !existing.isFile()) throw refusedTarget(file, 'is not a regular file')
    const folder = await stat(dirname(resolve(file))).catch(() => undefined)
    if (folder?.isDirectory() !== true) throw refusedTarget(file, `cannot be written: there is no folder ${dirname(file)}`)
    return new WrittenFile(file, parsed, idsIn(parsed))
  }

  /** Writes changed content; returns whether it did. On an error the old file stays, unchanged and complete. */
  async write(values: Pick<HeldValues, 'explain'>): Promise<boolean> {
    const text = renderTemplate(this.template, (id) => values.explain(id))
    if (text === this.written) return false
    if (text.length > MAX_FILE_CHARACTERS) throw refusedTarget(this.file, `would have ${text.length} characters`)
    try {
      await replaceForOthers(this.file, text)
    } catch (error) {
      throw new HmsError('HMS_SIDECAR_WRITE', `${this.file} cannot be written: ${(error as Error).message}`, { status: 400, cause: error })
    }
    this.written = text
    return true
  }
}

/** Reads all templates. Throws the error of the first invalid template or target, before a connection is opened. */
export async function openFiles(targets: readonly WriteTarget[]): Promise<WrittenFile[]> {
  if (targets.length > MAX_FILES) throw refusedTarget('A side-car', `writes at most ${MAX_FILES} files, not ${targets.length}`)
  const files: WrittenFile[] = []
  for (const target of targets) {
    if (files.some(({ file }) => resolve(file) === resolve(target.file))) throw refusedTarget(target.file, 'has two templates')
    files.push(await WrittenFile.open(target))
  }
  return files
}

function refusedTarget(file: string, reason: string): HmsError {
  return new HmsError('HMS_SIDECAR_WRITE', `${file} ${reason}`, { status: 400, next: ['hms-svc sidecar --help'] })
}
