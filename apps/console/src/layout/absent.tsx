import type { ComponentChildren, JSX } from 'preact'
import type { Answer } from '../reading/answer.js'
import type { PageContent } from './page.js'
import { Part } from './parts.js'

interface LoadedProps<T> {
  answer: Answer<T>
  /** Noun for the value, in the plural: `runs`. */
  what: string
  children: (value: T) => ComponentChildren
}

/** Shows the loaded value, or the reason why none was loaded. */
export function Loaded<T>({ answer, what, children }: LoadedProps<T>): JSX.Element {
  switch (answer.kind) {
    case 'loaded':
      return <>{children(answer.value)}</>
    case 'denied':
      return (
        <Alert kind="warning" title={`Not allowed to see the ${what}`}>
          <p>
            {answer.detail} They may exist; this page was asked without a key that may see them. Who operates this installation lets people
            read in a browser: <a href="/docs/reference/pages">how</a>. From a terminal a key with the scope read is enough.
          </p>
        </Alert>
      )
    case 'away':
      return (
        <Alert kind="error" title={`The ${what} could not be loaded`}>
          <p>
            {answer.service} {answer.detail}. This says nothing about whether there are any. Load the page again;{' '}
            <a href="/status">Status</a> shows which services are up.
          </p>
        </Alert>
      )
    case 'missing':
      return <None>{answer.detail === '' ? `There are no ${what}.` : answer.detail}</None>
  }
}

export function LoadedPart<T>({ id, title, ...loaded }: LoadedProps<T> & { id: string; title: string }): JSX.Element {
  return (
    <Part id={id} title={title}>
      <Loaded {...loaded} />
    </Part>
  )
}

/** Shows the reason why no value was loaded; shows nothing if one was. */
export function Absent({ answer, what }: { answer: Answer<unknown>; what: string }): JSX.Element {
  return (
    <Loaded answer={answer} what={what}>
      {() => null}
    </Loaded>
  )
}

export function absentPage(
  place: Pick<PageContent, 'title' | 'heading' | 'section' | 'trail' | 'summary' | 'still'>,
  answer: Answer<unknown>,
  what: string,
): PageContent {
  return { ...place, status: answer.kind === 'missing' ? 404 : undefined, body: <Absent answer={answer} what={what} /> }
}

/** Text for a list that was read and is empty. */
export function None({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="none">{children}</p>
}

/** Text for a list whose entries are all left out by the filters of the page. */
export function FilteredAway({ what, href }: { what: string; href: string }): JSX.Element {
  return (
    <p class="none">
      No {what} match these filters. <a href={href}>Show all {what}</a>
    </p>
  )
}

const MARKS = { info: 'ⓘ', success: '✓', warning: '!', error: '✗' } as const

export function Alert({ kind, title, children }: { kind: keyof typeof MARKS; title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class={`usa-alert usa-alert--${kind}`}>
      <p class="usa-alert__heading">
        <span aria-hidden="true">{MARKS[kind]} </span>
        {title}
      </p>
      {children}
    </div>
  )
}

export const NOT_FOUND: PageContent = {
  status: 404,
  title: 'Page not found',
  section: 'Help',
  summary: 'There is no page at this address.',
  still: true,
  body: (
    <Alert kind="warning" title="There is no page at this address">
      <p>
        It may be mistyped, or what it named may be gone. Begin at <a href="/">Overview</a>, choose from the menu above, or see{' '}
        <a href="/help">Help</a>.
      </p>
    </Alert>
  ),
}
