import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes a PM 2.5 policy of this version and limit; answers its path. */
export function policyFile(folder: string, version: string, limit: number, id = 'epa-pm25-limit'): string {
  const path = join(folder, `${id}-${version}.yaml`)
  writeFileSync(
    path,
    `id: ${id}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: ${limit}\nunits: ug_per_m3\ntags: [health, air, epa]\n`,
  )
  return path
}
