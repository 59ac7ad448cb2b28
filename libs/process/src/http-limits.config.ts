import { configInvalid, isIntegerText, parseEnvironment, toList, TrustedProxies, type Environment, type HttpLimits } from '#libs/platform'
import { ArrayMaxSize, IsOptional, IsString, Matches } from 'class-validator'
import type { Profile } from './host.config.js'

const LOOPBACK = ['127.0.0.0/8', '::1']

class HttpLimitsConfig {
  @isIntegerText(1, 1_000_000) writesPerSecond = 50
  @IsOptional() @isIntegerText(1, 1_000_000) connectionsPerClient?: number
  @isIntegerText(1, 1_000_000) connections = 40_000
  @IsOptional() @toList @IsString({ each: true }) trustedProxies?: string[]
}

/**
 * Reads the limits. `behindEdge`: whether this is a service of distributed mode, whose edge is on this machine by default. Profile dev
 * allows more connections per client, because all bots of a developer's machine share one address.
 */
export function readHttpLimits(profile: Profile, env: Environment, behindEdge: boolean): HttpLimits {
  const names = {
    writesPerSecond: 'HMS_HTTP_WRITES_PER_SECOND',
    connectionsPerClient: 'HMS_HTTP_CONNECTIONS_PER_CLIENT',
    connections: 'HMS_HTTP_CONNECTIONS',
    trustedProxies: 'HMS_HTTP_TRUSTED_PROXIES',
  }
  const { trustedProxies, connectionsPerClient, ...rest } = parseEnvironment(HttpLimitsConfig, names, env)
  return {
    ...rest,
    connectionsPerClient: connectionsPerClient ?? (profile === 'dev' ? 20_000 : 2_000),
    trusted: readTrusted(trustedProxies ?? (behindEdge ? LOOPBACK : [])),
  }
}

function readTrusted(cidrs: readonly string[]): TrustedProxies {
  try {
    return new TrustedProxies(cidrs)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const detail = `HMS_HTTP_TRUSTED_PROXIES must be addresses or CIDRs separated by commas: ${error.message}.`
    throw configInvalid(detail, { cause: error })
  }
}

/** Settings for pages of other sites that may read values. */
class CrossOriginConfig {
  @IsOptional()
  @toList
  @ArrayMaxSize(50)
  @Matches(/^https?:\/\/[^/?#@\s*]+$/, { each: true, message: 'corsOrigins must be a list of origins such as https://dashboard.example' })
  corsOrigins?: string[]
}

/** Reads `HMS_HTTP_CORS_ORIGINS`: the origins, as browsers send them, whose pages may use OFREP. Empty by default. */
export function readCorsOrigins(env: Environment): readonly string[] {
  const { corsOrigins = [] } = parseEnvironment(CrossOriginConfig, { corsOrigins: 'HMS_HTTP_CORS_ORIGINS' }, env)
  return corsOrigins.map((origin) => origin.toLowerCase())
}
