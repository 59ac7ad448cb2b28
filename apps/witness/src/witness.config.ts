import { WITNESS_PORT } from '#libs/contracts'
import { isIntegerText, parseEnvironment, type Environment } from '#libs/platform'
import { IsOptional, IsString } from 'class-validator'

/** `HMS_WITNESS_*`. */
export class WitnessConfig {
  @isIntegerText(0, 65_535) port: number = WITNESS_PORT

  /** Folder of signed checkpoints; `witness` in the data folder by default. */
  @IsOptional() @IsString() dir?: string
}

export function readWitnessConfig(env: Environment): WitnessConfig {
  return parseEnvironment(WitnessConfig, { port: 'HMS_WITNESS_PORT', dir: 'HMS_WITNESS_DIR' }, env)
}
