import { Fragment, type JSX } from 'preact'
import { PolicyLink } from '../layout/parts.js'

/** `ID@VERSION` of what a message tells of, each a link; a ticket is none. */
export function BundleLinks({ bundle }: { bundle: readonly string[] }): JSX.Element {
  return (
    <>
      {bundle.map((each, index) => {
        const [id = '', version = ''] = each.split('@')
        return (
          <Fragment key={each}>
            {index > 0 ? ', ' : ''}
            {id.includes(':') ? each : <PolicyLink id={id} version={version} />}
          </Fragment>
        )
      })}
    </>
  )
}
