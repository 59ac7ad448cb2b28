import type { Profile } from '../../partners/address-guard.js'

/** The agency's own relay, which accepts mail for partners. No partner chooses it. */
export interface SmtpRelay {
  host: string
  port: number
  /** TLS from the start; otherwise STARTTLS. */
  isTls: boolean
  /** Whether sending requires an encrypted connection. False with profile dev only. */
  requiresTls: boolean
  auth?: { user: string; pass: string }
  /** PEM of the authority that verifies the relay's certificate; the system's authorities if absent. */
  ca?: string
}

const SUBMISSION_PORT = 587
const TLS_PORT = 465

/** Parses `smtp://[USER:PASSWORD@]HOST[:PORT]`, or `smtps://` for TLS from the start; `undefined` for anything else. */
export function parseRelay(text: string, profile: Profile): SmtpRelay | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text)
  if (!['smtp:', 'smtps:'].includes(protocol) || hostname === '' || !['', '/'].includes(pathname) || search + hash !== '') return undefined
  if ((username === '') !== (password === '')) return undefined
  const isTls = protocol === 'smtps:'
  const [user, pass] = [decoded(username), decoded(password)]
  if (user === undefined || pass === undefined) return undefined
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (isTls ? TLS_PORT : SUBMISSION_PORT) : Number(port),
    isTls,
    requiresTls: profile !== 'dev',
    ...(user === '' ? {} : { auth: { user, pass } }),
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
