/** A token as stored by services and contained in events of `hms.token.v1`; never includes the secret. */
export interface TokenRecord {
  /** Public part of the token `hms_<id>_<secret>`, 12 hex digits. */
  id: string
  /** `sha256:` and hex digest of the whole token text. */
  hash: string
  name: string
  /** `operate`, `read`, `bot:<id>`, `partner:<id>`. */
  scopes: string[]
  /** Region of the bot; a request of the bot that claims another region is rejected. */
  region?: string
  createdAt: string
  createdBy: string
  expiresAt: string
  revokedAt: string | null
  revokedBy: string | null
}

/** Entry of `GET /v1/tokens` and `tokens list --json`, without the hash. */
export type TokenView = Omit<TokenRecord, 'hash'> & {
  /** Why the stored record does not verify; services do not accept the token then. */
  unverified?: string
}

/** Body of `POST /v1/tokens`. */
export interface TokenRequest {
  /** 1 to 16 scopes. */
  scopes: string[]
  /** Region of the bot that gets the token. */
  region?: string
  /** Purpose; at most 100 characters. */
  name?: string
  /** Lifetime from now; 1 minute to 2 years, default 1 year. */
  expiresInMs?: number
}

/** Response to issuing a token; the only response that contains the token itself. */
export interface IssuedToken extends Omit<TokenRecord, 'hash'> {
  token: string
}
