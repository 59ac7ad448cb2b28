/** A key for a program as services keep it and `hms.token.v1` carries it: never the key itself. */
export interface TokenRecord {
  /** The public middle of `hms_<id>_<secret>`, 12 hex digits. */
  id: string
  /** `sha256:` and hex over the whole text of the key. */
  hash: string
  name: string
  /** `operate`, `read`, `bot:<id>`, `partner:<id>`. */
  scopes: string[]
  /** Of a bot: where it is. What it says otherwise is refused. */
  region?: string
  createdAt: string
  createdBy: string
  expiresAt: string
  revokedAt: string | null
  revokedBy: string | null
}

/** `GET /v1/tokens`, `tokens list --json`: what may be shown. */
export type TokenView = Omit<TokenRecord, 'hash'> & {
  /** Why the stored key does not verify; it counts for nothing. */
  unverified?: string
}

/** `POST /v1/tokens`. */
export interface TokenRequest {
  /** 1 to 16. */
  scopes: string[]
  /** The region of a bot whose key it is. */
  region?: string
  /** What it is for; at most 100 characters. */
  name?: string
  /** From now on; 1 minute to 2 years, 1 year unless given. */
  expiresInMs?: number
}

/** The only answer that holds the key. */
export interface IssuedToken extends Omit<TokenRecord, 'hash'> {
  token: string
}
