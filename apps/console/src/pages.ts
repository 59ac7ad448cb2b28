import { accessibilityPage } from './accessibility/accessibility-page.js'
import { apiPage } from './docs/api-page.js'
import { approvalPage } from './approvals/approval-page.js'
import { approvalsPage } from './approvals/approvals-page.js'
import { rejectPage } from './approvals/reject-page.js'
import { auditPage } from './audit/audit-page.js'
import { entryPage } from './audit/entry-page.js'
import { botsPage } from './bots/bots-page.js'
import { decideLetterPage } from './dead-letters/decide-letter-page.js'
import { letterPage } from './dead-letters/letter-page.js'
import { decideRunPage } from './decisions/decide-run-page.js'
import { docPage } from './docs/doc-page.js'
import { docsPage } from './docs/docs-page.js'
import { eventsPage } from './docs/events-page.js'
import { declarePage } from './freezes/declare-page.js'
import { freezesPage } from './freezes/freezes-page.js'
import { liftPage } from './freezes/lift-page.js'
import { helpPage } from './help/help-page.js'
import { homePage } from './home/home-page.js'
import type { Page } from './layout/page.js'
import { deliveryPage } from './partners/delivery-page.js'
import { partnersPage } from './partners/partners-page.js'
import { panesPage } from './panes/panes-page.js'
import { policiesPage } from './policies/policies-page.js'
import { policyPage } from './policies/policy-page.js'
import { receiptPage } from './receipts/receipt-page.js'
import { decideTicketPage } from './reviews/decide-ticket-page.js'
import { reviewPage } from './reviews/review-page.js'
import { reviewsPage } from './reviews/reviews-page.js'
import { rollbackPage } from './rollback/rollback-page.js'
import { rosterPage } from './roster/roster-page.js'
import { runReceiptPage } from './runs/run-receipt-page.js'
import { runPage } from './runs/run-page.js'
import { runsPage } from './runs/runs-page.js'
import { searchPage } from './search/search-page.js'
import { statusPage } from './status/status-page.js'
import { topicPage } from './topics/topic-page.js'
import { topicsPage } from './topics/topics-page.js'
import { unsubscribePage } from './unsubscribes/unsubscribe-page.js'
import { swaggerPage } from './docs/swagger-page.js'

export const PAGES: readonly Page[] = [
  { path: '/', content: homePage },
  { path: '/policies', content: policiesPage },
  { path: '/policies/:id', content: policyPage },
  { path: '/policies/:id/rollback', content: rollbackPage, still: true },
  { path: '/approvals', content: approvalsPage },
  { path: '/approvals/:digest', content: approvalPage, still: true },
  { path: '/approvals/:digest/reject', content: rejectPage, still: true },
  { path: '/runs', content: runsPage },
  { path: '/runs/:number', content: runPage },
  { path: '/runs/:number/receipt', content: runReceiptPage, still: true },
  { path: '/runs/:number/decide', content: decideRunPage, still: true },
  { path: '/reviews', content: reviewsPage },
  { path: '/reviews/:ticket', content: reviewPage },
  { path: '/reviews/:ticket/decide', content: decideTicketPage, still: true },
  { path: '/freezes', content: freezesPage },
  { path: '/freezes/declare', content: declarePage, still: true },
  { path: '/freezes/:id/lift', content: liftPage, still: true },
  { path: '/fleet', content: botsPage },
  { path: '/audit', content: auditPage },
  { path: '/audit/:index', content: entryPage },
  { path: '/partners', content: partnersPage },
  { path: '/deliveries/:id', content: deliveryPage },
  { path: '/receipts/:token', content: receiptPage, open: true },
  { path: '/unsubscribe/:token', content: unsubscribePage, open: true },
  { path: '/roster', content: rosterPage },
  { path: '/topics', content: topicsPage },
  { path: '/topics/:name', content: topicPage },
  { path: '/dead-letters/:id', content: letterPage },
  { path: '/dead-letters/:id/decide', content: decideLetterPage, still: true },
  { path: '/docs', content: docsPage, still: true },
  { path: '/docs/api', content: apiPage, still: true },
  { path: '/docs/api/swagger', content: swaggerPage, still: true },
  { path: '/docs/events', content: eventsPage, still: true },
  { path: '/docs/:name', content: docPage, still: true },
  { path: '/docs/:folder/:name', content: docPage, still: true },
  { path: '/docs/:folder/:group/:name', content: docPage, still: true },
  { path: '/search', content: searchPage },
  { path: '/status', content: statusPage },
  { path: '/panes', content: panesPage },
  { path: '/help', content: helpPage, still: true },
  { path: '/accessibility', content: accessibilityPage, still: true },
]
