import { parseDuration } from '#libs/contracts'
import { parseEnvironment, type Environment } from '#libs/platform'
import { Matches } from 'class-validator'

const DURATION = /^\d+(\.\d+)?(ms|s|m|h)$/

/** `HMS_APPROVER_*`: what a plan gets where its author says nothing. */
export class ApproverConfig {
  @Matches(DURATION, { message: 'observe must be a duration such as 5m' })
  observe = '5m'

  /** How long an approval waits for its signatures. */
  @Matches(DURATION, { message: 'approvalExpiry must be a duration such as 168h' })
  approvalExpiry = '168h'

  @Matches(/^region:.+$/, { message: 'scope must be region:NAME' })
  scope = 'region:NCR'

  /** `region:NCR=National Capital Region`, several parted by `;`. */
  @Matches(/^([^=;]+=[^=;]+(;|$))*$/, { message: 'scopeNames must look like region:NCR=National Capital Region;region:VA=Virginia' })
  scopeNames = 'region:NCR=National Capital Region'

  get observeMs(): number {
    return parseDuration(this.observe)
  }

  get approvalExpiryMs(): number {
    return parseDuration(this.approvalExpiry)
  }

  nameOfScope(scope: string): string {
    const names = new Map(this.scopeNames.split(';').map((pair) => pair.split('=') as [string, string]))
    return names.get(scope) ?? scope.replace(/^region:/, '')
  }
}

export function readApproverConfig(env: Environment): ApproverConfig {
  return parseEnvironment(
    ApproverConfig,
    {
      observe: 'HMS_APPROVER_OBSERVE',
      approvalExpiry: 'HMS_APPROVER_APPROVAL_EXPIRY',
      scope: 'HMS_APPROVER_SCOPE',
      scopeNames: 'HMS_APPROVER_SCOPE_NAMES',
    },
    env,
  )
}
