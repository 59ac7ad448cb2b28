import type { CedarPolicies } from './cedar.js'

/**
 * Built-in permissions, independent of rules: part of the product, versioned with it, and changed by no release. They repeat the checks of
 * each service as defence in depth. A forbid overrides every permit, and the default is deny.
 */
export const AUTHORITY: CedarPolicies = {
  'hms/person-in-role-approves@1': `permit (principal is Person, action == Action::"approve", resource)
    when { resource has approvers && principal.roles.contains(resource.approvers) };`,
  // A roster may require the author's signature, which then does not count as an approval; the author need not have the role.
  'hms/author-signs@1':
    'permit (principal is Person, action == Action::"approve", resource) when { resource.authors.contains(principal.id) };',
  'hms/stage-advances@1': 'permit (principal is Service, action == Action::"advance", resource);',
  'hms/person-or-operator-rolls-back@1':
    'permit (principal, action == Action::"rollback", resource) when { principal is Person || principal is Operator };',
  'hms/program-that-operates-rolls-back@1':
    'permit (principal is Program, action == Action::"rollback", resource) when { principal.roles.contains("operate") };',
  'hms/program-never-approves@1': 'forbid (principal is Program, action == Action::"approve", resource);',
  'hms/operator-never-signs@1': 'forbid (principal is Operator, action == Action::"approve", resource);',
  'hms/service-never-decides@1': 'forbid (principal is Service, action in [Action::"approve", Action::"rollback"], resource);',
}

const SENTENCES: Readonly<Record<string, string>> = {
  'hms/program-never-approves@1': 'A key of a program never approves a policy.',
  'hms/operator-never-signs@1': 'An operator never signs a policy.',
  'hms/service-never-decides@1': 'A service neither approves nor takes back.',
}

/** Id of the default denial, when no policy permits the request. */
export const NOTHING_PERMITS = 'hms/nothing-permits@1'

export function authoritySentence(rule: string): string {
  return SENTENCES[rule] ?? 'Nothing permits this principal to do that.'
}
