import { VERSION } from '#libs/platform'
import type { ComponentChildren, JSX } from 'preact'
import { momentText, Now } from './parts.js'
import { MORE_SECTIONS, SECTIONS, type PageContent } from './page.js'
import { renderToString } from 'preact-render-to-string'

/** State of the installation, for the header, and `holds`, shown below the menu: active freezes and runs by break-glass. */
export interface Header {
  state: ComponentChildren
  holds: ComponentChildren
}

export interface LayoutProps {
  content: PageContent
  /** Addresses of the style sheet, the scripts and the icon, each with the hash of its text. */
  assets: { style: string; script: string; icon: string; panes: string; paneFrame: string; sign: string; check: string }
  /** Name of the environment, such as `dev`; empty if there is none. */
  environment?: string
  now: Date
  header?: Header | undefined
}

export function Layout({ content, assets, environment = '', now, header }: LayoutProps): JSX.Element {
  const { title, heading = title, section, trail = [], summary, styles = [], scripts = [], still = false, body, state } = content
  const beside = content.script === 'sign' ? (content.beside ?? '/search') : undefined
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · HMS-SVC`}</title>
        <link rel="stylesheet" href={assets.style} />
        <link rel="icon" href={assets.icon} type="image/svg+xml" />
        {styles.map((href) => (
          <link key={href} rel="stylesheet" href={href} />
        ))}
        <script src={assets.script} defer />
        {content.script === undefined || assets[content.script] === '' ? null : <script src={assets[content.script]} type="module" />}
        {scripts.map((src) => (
          <script key={src} src={src} defer />
        ))}
      </head>
      <body>
        <a class="usa-skipnav" href="#main">
          Skip to main content
        </a>
        <header class="usa-header">
          <div class="grid-container">
            <p class="usa-logo">
              <a href="/">HMS-SVC</a> {environment === '' ? null : <span class="environment">{environment}</span>}
            </p>
            <Menu section={section} isOwnPage={trail.length === 0} />
            <form class="find" action="/search" role="search" aria-label="Everything">
              <input class="usa-input" type="search" name="q" aria-label="Search" placeholder="Search (Ctrl K)" maxLength={100} data-find />
            </form>
            {header?.state}
          </div>
          {header?.holds}
        </header>
        <main id="main" class="grid-container" tabIndex={-1} data-state={state} data-beside={beside}>
          {trail.length === 0 ? null : <Trail trail={trail} heading={heading} />}
          <h1>{heading}</h1>
          <p id="summary" class="usa-intro" data-live>
            {summary}
          </p>
          {still ? null : <AsOf now={now} />}
          {body}
        </main>
        <footer class="usa-footer">
          <div class="grid-container">
            <p>
              HMS-SVC {VERSION}. <a href="/help">Help</a>, <a href="/docs">documentation</a>, or <code>hms-svc --help</code>.{' '}
              <a href="/accessibility">Accessibility</a>
            </p>
          </div>
        </footer>
      </body>
    </html>
  )
}

/** Main menu: six entries and More; behind a button named Menu where the window is narrow. Works without scripts. */
function Menu({ section, isOwnPage }: { section: PageContent['section']; isOwnPage: boolean }): JSX.Element {
  const entries = (list: readonly { href: string; text: string }[]): JSX.Element[] =>
    list.map(({ href, text }) => (
      <li key={href}>
        <a href={href} aria-current={text === section ? (isOwnPage ? 'page' : 'true') : undefined}>
          {text}
        </a>
      </li>
    ))
  return (
    <nav aria-label="Main">
      <details class="menu">
        <summary>Menu</summary>
        <ul class="usa-nav">
          {entries(SECTIONS)}
          <li>
            <details class="more">
              <summary>More</summary>
              <ul>{entries(MORE_SECTIONS)}</ul>
            </details>
          </li>
        </ul>
      </details>
    </nav>
  )
}

/** Shows when this page was made, with a link that loads it again and a button that pauses its live updates. */
function AsOf({ now }: { now: Date }): JSX.Element {
  return (
    <>
      <p class="as-of">
        As of{' '}
        <time data-as-of dateTime={now.toISOString()}>
          {momentText(now.toISOString())}
        </time>
        .{' '}
        <span data-reload>
          <a href="">Load again</a>
        </span>{' '}
        <button type="button" class="usa-button usa-button--outline" data-pause hidden>
          Pause updates
        </button>{' '}
        <span data-connection />
      </p>
      <p role="status" class="usa-sr-only" data-announce />
    </>
  )
}

function Trail({ trail, heading }: { trail: readonly { href: string; text: string }[]; heading: string }): JSX.Element {
  return (
    <nav aria-label="Breadcrumbs">
      <ol class="usa-breadcrumb">
        {trail.map(({ href, text }) => (
          <li key={href}>
            <a href={href}>{text}</a>
          </li>
        ))}
        <li aria-current="page">{heading}</li>
      </ol>
    </nav>
  )
}

/** The whole page as text. Preact escapes every text and attribute; no view sets HTML by itself. */
export function renderPage(props: LayoutProps): string {
  return `<!doctype html>\n${renderToString(
    <Now.Provider value={props.now}>
      <Layout {...props} />
    </Now.Provider>,
  )}\n`
}
