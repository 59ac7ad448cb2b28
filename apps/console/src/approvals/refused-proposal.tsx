import type { JSX } from 'preact'
import { Alert } from '../layout/absent.js'
import type { PageContent } from '../layout/page.js'
import { Command, Commands } from '../layout/parts.js'
import { ProposeForm, type Proposed } from './propose-form.js'

/** Rollback that was to be prepared for signatures. */
export interface AskedRollback {
  policy: string
  version: string
  reason: string
  publicReason: string
}

export interface Problem {
  status: 403 | 409 | 422 | 503
  code: string
  detail: string
  /** Findings with line and column. */
  lines: readonly string[]
  next: readonly string[]
}

/** Says why nothing was prepared, and keeps what was written. */
export function refusedProposal({ status, code, detail, lines, next }: Problem, proposed: Proposed, rollback?: AskedRollback): PageContent {
  const isDenied = status === 403
  return {
    status,
    title: 'Not prepared',
    heading: 'Nothing was prepared',
    section: 'Approvals',
    trail: [{ href: '/approvals', text: 'Approvals' }],
    summary: detail,
    still: true,
    body: (
      <>
        <Alert kind={isDenied ? 'warning' : 'error'} title={isDenied ? 'Not allowed to propose from this page' : 'What is wrong'}>
          <p>
            {detail} [{code}]
          </p>
          {isDenied ? (
            <p>
              Who opens pages without a key of the scope operate proposes from a terminal, where the signer's own key asks:{' '}
              <Command>
                {rollback === undefined
                  ? 'hms-svc approve FILE --sign NAME'
                  : `hms-svc rollback ${rollback.policy}@${rollback.version} --reason TEXT --sign NAME`}
              </Command>
              . It can be countersigned here.
            </p>
          ) : null}
          {lines.length === 0 ? null : (
            <ul>
              {lines.map((line) => (
                <li key={line}>
                  <code>{line}</code>
                </li>
              ))}
            </ul>
          )}
          <Commands commands={next} />
        </Alert>
        {rollback !== undefined ? <BackTo rollback={rollback} /> : isDenied ? null : <ProposeForm proposed={proposed} />}
      </>
    ),
  }
}

function BackTo({ rollback: { policy, version, reason, publicReason } }: { rollback: AskedRollback }): JSX.Element {
  const chosen = new URLSearchParams({ to: version, reason, 'public-reason': publicReason })
  return (
    <p>
      <a href={`/policies/${encodeURIComponent(policy)}/rollback?${chosen}`}>
        Back to the rollback of {policy} to {version}
      </a>
    </p>
  )
}
