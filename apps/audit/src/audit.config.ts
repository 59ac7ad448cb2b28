import { parseEnvironment, toList, type Environment } from '#libs/platform'
import { IsOptional, IsString, Matches } from 'class-validator'
import { join } from 'node:path'

const PLACE = /^(?:([^\s+=/:]+(?:\/[^\s+=:]*)?)=)?(https?:\/\/[^\s@?#]+?)\/?$/

/** Address of a witness. Without `name`, its position in the list decides: the first address belongs to the roster's first witness. */
export interface WitnessPlace {
  name: string | undefined
  url: string
}

/** `HMS_AUDIT_*`, and the data folder. */
export class AuditConfig {
  @IsOptional()
  @toList
  @Matches(PLACE, { each: true, message: 'witnessUrls must be a list of http URLs, each as it is or as NAME=URL' })
  witnessUrls?: string[]

  @IsString() dataDir = '.hms'

  /** Folder of the development witness, outside the database: a witness restored from the log's backup would detect nothing. */
  get witnessFolder(): string {
    return join(this.dataDir, 'witness')
  }

  get witnesses(): WitnessPlace[] {
    return (this.witnessUrls ?? []).map((text) => {
      const [, name, url] = PLACE.exec(text)!
      return { name, url: url! }
    })
  }
}

export function readAuditConfig(env: Environment): AuditConfig {
  return parseEnvironment(AuditConfig, { witnessUrls: 'HMS_AUDIT_WITNESS_URLS', dataDir: 'HMS_DATA_DIR' }, env)
}
