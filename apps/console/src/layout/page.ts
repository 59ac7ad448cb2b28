import type { ServiceName } from '#libs/contracts'
import type { ComponentChildren } from 'preact'
import type { Read, SendDryRun } from '../reading/answer.js'
import type { Verified } from '../reading/read-verified.js'

/** Input of a page: reads of the API, the parameters in its address, and the time. */
export interface PageRequest extends Verified {
  read: Read
  /** Sends dry runs only, because opening a page must change nothing. */
  send: SendDryRun
  health(service: ServiceName): Promise<{ url: string; body: unknown }[]>
  params: Readonly<Record<string, string | undefined>>
  query: URLSearchParams
  now: Date
  /** Steps of the demo; absent everywhere else. */
  walkthrough?: { steps(): Promise<readonly unknown[]> } | undefined
  /** Origin by which the browser reached this console, such as `https://hms.agency.gov`; missing in a live update of a page. */
  origin?: string
}

export interface PageContent {
  /** HTTP status; 200 if absent. */
  status?: 404 | 409 | 422 | 403 | 503
  /** Title of the window, with the part that says most at its beginning: `Run 184 · Canary · epa-pm25-limit`. */
  title: string
  /** Heading of the page; by default `title`. */
  heading?: string
  section: Section
  trail?: readonly { href: string; text: string }[]
  /** State of the subject in one sentence; announced when it changes. */
  summary: string
  /** The page does not change while it is open: it shows no time and has no live updates. A client that follows it gets it once. */
  still?: true
  /** State that the forms of this page fit. A page beside another compares its own with that page's. */
  state?: string
  /** Followed page whose header and `state` a page that signs takes; by default one that has a header alone. */
  beside?: string
  /** Addresses of the style sheets and scripts that only this page needs; all are on this server. */
  styles?: readonly string[]
  scripts?: readonly string[]
  body: ComponentChildren
  /** A script of this page's own, beside the one that every page has. */
  script?: 'panes' | 'sign' | 'check'
}

export interface Page {
  path: string
  /** Has no live updates: the page does not change, is expensive to make, or contains what a person is about to sign. */
  still?: true
  /** Page for the holder of the token in its address: its reads do not use the console's own key. */
  open?: true
  content(request: PageRequest): Promise<PageContent>
}

function entriesOf<T extends string>(...texts: T[]): { href: string; text: T }[] {
  return texts.map((text) => ({ href: text === 'Overview' ? '/' : `/${text.toLowerCase()}`, text }))
}

/** Entries of the main menu. */
export const SECTIONS = entriesOf('Overview', 'Policies', 'Runs', 'Fleet', 'Partners', 'Audit')
export const MORE_SECTIONS = entriesOf('Approvals', 'Reviews', 'Freezes', 'Roster', 'Topics', 'Status', 'Docs', 'Help')
export type Section = (typeof SECTIONS | typeof MORE_SECTIONS)[number]['text'] | 'Accessibility' | 'Panes' | 'Search'

/** Title, section and trail of a page below the main page of its section. `above`: pages between the two. */
export function placeIn(section: Section, title: string, ...above: NonNullable<PageContent['trail']>) {
  const top = [...SECTIONS, ...MORE_SECTIONS].filter(({ text }) => text === section)
  return { title, section, trail: [...top, ...above] } satisfies Partial<PageContent>
}

/** Title, heading and section of a list. `narrowed`: by filters. */
export function placeOfList(section: Section, narrowed: boolean) {
  return { title: narrowed ? `${section}, filtered` : section, heading: section, section } satisfies Partial<PageContent>
}
