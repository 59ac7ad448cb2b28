/** An API key as stored by services and contained in `hms.token.v1`; never includes the secret. */
export interface TokenRecord {
  /** Public middle part of `hms_<id>_<secret>`, 12 hex digits. */
  id: string
  /** `sha256:` and hex digest of the whole key text. */
  hash: string
  name: string
  /** `operate`, `read`, `bot:<id>`, `partner:<id>`. */
  scopes: string[]
  /** Region of a bot; a different claim of the bot is rejected. */
  region?: string
  createdAt: string
  createdBy: string
  expiresAt: string
  revokedAt: string | null
  revokedBy: string | null
}

/** Entry of `GET /v1/tokens` and `tokens list --json`, without the hash. */
export type TokenView = Omit<TokenRecord, 'hash'> & {
  /** Why the stored key does not verify; such a key is not accepted. */
  unverified?: string
}

/** Body of `POST /v1/tokens`. */
export interface TokenRequest {
  /** 1 to 16 scopes. */
  scopes: string[]
  /** Region of the bot that gets the key. */
  region?: string
  /** Purpose; at most 100 characters. */
  name?: string
  /** Lifetime from now; 1 minute to 2 years, default 1 year. */
  expiresInMs?: number
}

/** Response to issuing a key; the only one that contains the key. */
export interface IssuedToken extends Omit<TokenRecord, 'hash'> {
  token: string
}
