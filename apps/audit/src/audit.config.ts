import { parseEnvironment, toList, type Environment } from '#libs/platform'
import { IsOptional, Matches } from 'class-validator'

const PLACE = /^(?:([^\s+=/:]+(?:\/[^\s+=:]*)?)=)?(https?:\/\/[^\s@?#]+?)\/?$/

/** Where a witness is. Without `name` the place in the list counts: the roster's first witness, its second, … */
export interface WitnessPlace {
  name: string | undefined
  url: string
}

/** `HMS_AUDIT_*`. */
export class AuditConfig {
  @IsOptional()
  @toList
  @Matches(PLACE, { each: true, message: 'witnessUrls must be a list of http URLs, each as it is or as NAME=URL' })
  witnessUrls?: string[]

  get witnesses(): WitnessPlace[] {
    return (this.witnessUrls ?? []).map((text) => {
      const [, name, url] = PLACE.exec(text)!
      return { name, url: url! }
    })
  }
}

export function readAuditConfig(env: Environment): AuditConfig {
  return parseEnvironment(AuditConfig, { witnessUrls: 'HMS_AUDIT_WITNESS_URLS' }, env)
}
