import { parseDuration } from '#libs/contracts'
import { isDuration, listOf, parseEnvironment, type Environment } from '#libs/platform'
import { IsIn, IsOptional, ValidateBy } from 'class-validator'
import type { Deployment, Profile } from './partners/address-guard.js'
import { parseCidr } from './partners/address-ranges.js'

const DEV_NETWORKS = ['127.0.0.0/8', '::1/128']

const isCidrList = ValidateBy({
  name: 'isCidrList',
  validator: {
    validate: (value: unknown) => typeof value === 'string' && listOf(value).every((each) => parseCidr(each) !== undefined),
    defaultMessage: () => 'networks must be CIDRs separated by commas, for instance 10.20.0.0/16,fd12:3456::/32',
  },
})

/** `HMS_NOTIFIER_*`. */
export class NotifierConfig {
  @IsIn(['dev', 'production'], { message: 'profile must be dev or production' })
  profile: Profile = 'production'

  /** How long a run waits for the first tries at its partners; what is open then goes on without it. */
  @isDuration('20s')
  deadline = '20s'

  /** The widest that the `networks` of a partner may open. */
  @IsOptional()
  @isCidrList
  networks?: string

  get deadlineMs(): number {
    return parseDuration(this.deadline)
  }

  private get defaultNetworks(): string[] {
    return this.profile === 'dev' ? DEV_NETWORKS : []
  }

  get deployment(): Deployment {
    return { profile: this.profile, networks: this.networks === undefined ? this.defaultNetworks : listOf(this.networks) }
  }
}

export function readNotifierConfig(env: Environment, profile: Profile): NotifierConfig {
  const names = { profile: 'HMS_PROFILE', deadline: 'HMS_NOTIFIER_DEADLINE', networks: 'HMS_NOTIFIER_NETWORKS' }
  return parseEnvironment(NotifierConfig, names, { ...env, HMS_PROFILE: profile })
}
