import type { HmsError, PrepareRollbackRequest } from '#libs/contracts'
import type { JSX } from 'preact'
import { Alert } from '../layout/absent.js'
import { placeIn, type PageContent } from '../layout/page.js'
import { Command, Commands } from '../layout/parts.js'
import { ProposeForm, type Proposed } from './propose-form.js'

export type AskedRollback = Required<PrepareRollbackRequest['rollback']>

/** Page that says why nothing was prepared, and keeps what was filled in. `errors`: findings with line and column. */
export function refusedProposal(
  { status: given, code, detail, errors, next }: HmsError,
  proposed: Proposed,
  rollback?: AskedRollback,
): PageContent {
  const isDenied = given === 401 || given === 403
  const status = isDenied ? 403 : given === 409 || given === 503 ? given : 422
  return {
    status,
    ...placeIn('Approvals', 'Not prepared'),
    heading: 'Nothing was prepared',
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
          {errors.length === 0 ? null : (
            <ul>
              {errors.map((error) => (
                <li key={error.detail}>
                  <code>{error.detail}</code>
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
