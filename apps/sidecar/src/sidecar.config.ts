import { SIDECAR_PORT } from '#libs/contracts'
import { isIntegerText, parseEnvironment, type Environment, type LogLevel } from '#libs/platform'
import { IsIn, IsOptional, IsString } from 'class-validator'

/** Settings `HMS_SIDECAR_*` and `HMS_LOG_LEVEL`. The upstream address and identity come from `readClientConfig`, as for every reader. */
export class SidecarConfig {
  @isIntegerText(0, 65_535) port: number = SIDECAR_PORT

  /** Path of a Unix domain socket, used instead of the port. */
  @IsOptional() @IsString() socket?: string
  @IsIn(['silent', 'error', 'warn', 'info', 'debug']) logLevel: LogLevel = 'warn'
}

export function readSidecarConfig(env: Environment): SidecarConfig {
  return parseEnvironment(SidecarConfig, { port: 'HMS_SIDECAR_PORT', socket: 'HMS_SIDECAR_SOCKET', logLevel: 'HMS_LOG_LEVEL' }, env)
}
