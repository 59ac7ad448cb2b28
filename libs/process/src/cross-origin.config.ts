import { parseEnvironment, toList, type Environment } from '#libs/platform'
import { ArrayMaxSize, IsOptional, Matches } from 'class-validator'

/** Origins of other sites whose pages may read values. */
class CrossOriginConfig {
  @IsOptional()
  @toList
  @ArrayMaxSize(50)
  @Matches(/^https?:\/\/[^/?#@\s*]+$/, { each: true, message: 'corsOrigins must be a list of origins such as https://dashboard.example' })
  corsOrigins?: string[]
}

/** Reads `HMS_HTTP_CORS_ORIGINS`: origins, as browsers send them, whose pages may use OFREP. Empty by default. */
export function readCorsOrigins(env: Environment): readonly string[] {
  return (parseEnvironment(CrossOriginConfig, { corsOrigins: 'HMS_HTTP_CORS_ORIGINS' }, env).corsOrigins ?? []).map((origin) =>
    origin.toLowerCase(),
  )
}
