import type { PageContent } from '../layout/page.js'
import { Part } from '../layout/parts.js'

/** Page of the promises to people with disabilities, and of the limits that are known. */
export async function accessibilityPage(): Promise<PageContent> {
  return {
    title: 'Accessibility',
    section: 'Accessibility',
    still: true,
    summary: 'These pages aim at WCAG 2.2, level AA, and at Revised Section 508.',
    body: (
      <>
        <Part still id="do" title="What they do">
          <ul>
            <li>Every page works without scripts, and says the same then. Scripts only bring in what changed.</li>
            <li>Everything can be reached by keyboard, in the order in which it is read. The first stop leads to the content.</li>
            <li>
              Parts that update by themselves can be paused. Screen readers hear one sentence about a change, at most every 5 seconds.
            </li>
            <li>A state is a word and a mark; colour only repeats it. Charts say their numbers in words.</li>
            <li>At a width of 320 pixels nothing but wide tables scrolls sideways, and they do so by keyboard too.</li>
            <li>Nothing moves where less motion is asked for. Times name their zone.</li>
          </ul>
        </Part>
        <Part still id="tried" title="How it is tried">
          <p>
            With axe-core in Chromium, at 1280 and 320 pixels, with and without scripts, by keyboard alone. Not yet tried: screen readers
            used by people, and other browsers. Criterion by criterion: the <a href="/docs/accessibility">conformance report</a>.
          </p>
        </Part>
        <Part still id="else" title="If something keeps you out">
          <p>
            Tell the operator of this installation. The same facts come from a terminal (<code>hms-svc --help</code>) and as JSON (
            <a href="/openapi.json">/openapi.json</a>).
          </p>
        </Part>
      </>
    ),
  }
}
