import { dirname, resolve } from 'node:path'
import type { CliContext } from '../context.js'
import { readGivenSecret } from '../files.js'
import { registerDocument } from '../register-document.js'
import { readYamlMap } from '../yaml-file.js'
import { resolveSecrets } from './secrets.js'

export async function addPartner(context: CliContext, file: string): Promise<number> {
  const partner = await readYamlMap(file)
  const sources = {
    variable: context.io.environment.lookup,
    file: (path: string) => readGivenSecret(resolve(dirname(file), path), context.output),
  }
  const { channels } = partner
  const resolved = channels === undefined ? partner : { ...partner, channels: await resolveSecrets(channels, sources) }
  return registerDocument(context, '/v1/partners', resolved, `Partner ${String(partner['id'])} registered`)
}
