import { action, HmsError, MAX_RUN_BYTES, type JsonObject } from '#libs/contracts'
import { hasErrors, parsePolicy, type PolicyDocument } from '#libs/policy'
import { digestOfJson } from '#libs/signing'

export type ParsedPolicy = { policy: PolicyDocument; digest: string }

/** Parses the policies of one run, sorted by id. Throws `HMS_APPROVER_POLICY_INVALID`, `_BUNDLE_TWICE` (422) or `_RUN_TOO_LARGE` (413). */
export function parsePolicies(policies: readonly JsonObject[]): ParsedPolicy[] {
  // Checked first, because parsing takes up to a second for 256 KiB.
  const bytes = Buffer.byteLength(JSON.stringify(policies))
  if (bytes > MAX_RUN_BYTES)
    throw new HmsError(
      'HMS_APPROVER_RUN_TOO_LARGE',
      `The policies of a run have at most ${MAX_RUN_BYTES} bytes together; these have ${bytes}.`,
      { status: 413 },
    )
  const parsed = policies.map((policy, index) => {
    const result = parsePolicy(JSON.stringify(policy), `policies[${index}]`)
    if (result.ok) return { policy: result.source.policy, digest: result.source.digest }
    const errors = result.findings
      .filter((finding) => hasErrors([finding]))
      .map((finding) => ({ pointer: `/policies/${index}${finding.pointer ?? ''}`, detail: finding.message }))
    throw new HmsError('HMS_APPROVER_POLICY_INVALID', errors.map((error) => error.detail).join('; '), {
      status: 422,
      errors,
      next: [action('lint')],
    })
  })
  const ids = parsed.map(({ policy }) => policy.id)
  if (new Set(ids).size < ids.length)
    throw new HmsError('HMS_APPROVER_BUNDLE_TWICE', 'A bundle contains each policy once.', { status: 422 })
  return parsed.sort((a, b) => (a.policy.id < b.policy.id ? -1 : 1))
}

/** Maximum length of a readable key in characters. */
const LONGEST_KEY = 1_000

/** Returns one key for the same policies: their sorted digests or, above `LONGEST_KEY`, a digest of them, as the column is indexed. */
export function membersOf(policies: Pick<ParsedPolicy, 'digest'>[]): string {
  const members = policies
    .map(({ digest }) => digest)
    .sort()
    .join(' ')
  return members.length > LONGEST_KEY ? digestOfJson(members) : members
}
