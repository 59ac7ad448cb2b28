import { SIDECAR_PORT } from '#libs/contracts'
import { isInteger, parseEnvironment, toNumber, type Environment, type LogLevel } from '#libs/platform'
import { IsIn, IsOptional, IsString } from 'class-validator'

/** `HMS_SIDECAR_*`. Upstream address and identity come from `readClientConfig`, as for every reader. */
export class SidecarConfig {
  @toNumber
  @isInteger(0, 65_535)
  port: number = SIDECAR_PORT

  /** A Unix domain socket instead of a port. */
  @IsOptional()
  @IsString()
  socket?: string

  @IsIn(['silent', 'error', 'warn', 'info', 'debug'])
  logLevel: LogLevel = 'warn'
}

export function readSidecarConfig(env: Environment): SidecarConfig {
  return parseEnvironment(SidecarConfig, { port: 'HMS_SIDECAR_PORT', socket: 'HMS_SIDECAR_SOCKET', logLevel: 'HMS_LOG_LEVEL' }, env)
}
