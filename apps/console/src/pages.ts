import type { Page } from './layout/page.js'

/** Content of a page whose module is loaded when it is opened first. */
function lazy<N extends string>(load: () => Promise<Record<N, Page['content']>>, name: N): Page['content'] {
  return async (request) => (await load())[name](request)
}

/** Every page, by its address. */
export const PAGES: readonly Page[] = [
  { path: '/', content: lazy(() => import('./home/home-page.js'), 'homePage') },
  { path: '/policies', content: lazy(() => import('./policies/policies-page.js'), 'policiesPage') },
  { path: '/policies/:id', content: lazy(() => import('./policies/policy-page.js'), 'policyPage') },
  { path: '/policies/:id/rollback', content: lazy(() => import('./rollback/rollback-page.js'), 'rollbackPage'), still: true },
  { path: '/approvals', content: lazy(() => import('./approvals/approvals-page.js'), 'approvalsPage') },
  { path: '/approvals/:digest', content: lazy(() => import('./approvals/approval-page.js'), 'approvalPage'), still: true },
  { path: '/approvals/:digest/reject', content: lazy(() => import('./approvals/reject-page.js'), 'rejectPage'), still: true },
  { path: '/runs', content: lazy(() => import('./runs/runs-page.js'), 'runsPage') },
  { path: '/runs/:number', content: lazy(() => import('./runs/run-page.js'), 'runPage') },
  { path: '/runs/:number/decide', content: lazy(() => import('./decisions/decide-run-page.js'), 'decideRunPage'), still: true },
  { path: '/reviews', content: lazy(() => import('./reviews/reviews-page.js'), 'reviewsPage') },
  { path: '/reviews/:ticket', content: lazy(() => import('./reviews/review-page.js'), 'reviewPage') },
  { path: '/reviews/:ticket/decide', content: lazy(() => import('./reviews/decide-ticket-page.js'), 'decideTicketPage'), still: true },
  { path: '/freezes', content: lazy(() => import('./freezes/freezes-page.js'), 'freezesPage') },
  { path: '/freezes/declare', content: lazy(() => import('./freezes/declare-page.js'), 'declarePage'), still: true },
  { path: '/freezes/:id/lift', content: lazy(() => import('./freezes/lift-page.js'), 'liftPage'), still: true },
  { path: '/bots', content: lazy(() => import('./bots/bots-page.js'), 'botsPage') },
  { path: '/audit', content: lazy(() => import('./audit/audit-page.js'), 'auditPage') },
  { path: '/audit/:index', content: lazy(() => import('./audit/entry-page.js'), 'entryPage') },
  { path: '/partners', content: lazy(() => import('./partners/partners-page.js'), 'partnersPage') },
  { path: '/deliveries/:id', content: lazy(() => import('./partners/delivery-page.js'), 'deliveryPage') },
  { path: '/receipts/:token', content: lazy(() => import('./receipts/receipt-page.js'), 'receiptPage'), open: true },
  { path: '/unsubscribe/:token', content: lazy(() => import('./unsubscribes/unsubscribe-page.js'), 'unsubscribePage'), open: true },
  { path: '/topics', content: lazy(() => import('./topics/topics-page.js'), 'topicsPage') },
  { path: '/docs', content: lazy(() => import('./docs/docs-page.js'), 'docsPage'), still: true },
  { path: '/docs/api', content: lazy(() => import('./docs/api-page.js'), 'apiPage'), still: true },
  { path: '/docs/api/swagger', content: lazy(() => import('./docs/swagger-page.js'), 'swaggerPage'), still: true },
  { path: '/docs/events', content: lazy(() => import('./docs/events-page.js'), 'eventsPage'), still: true },
  { path: '/docs/:name', content: lazy(() => import('./docs/doc-page.js'), 'docPage'), still: true },
  { path: '/docs/:folder/:name', content: lazy(() => import('./docs/doc-page.js'), 'docPage'), still: true },
  { path: '/docs/:folder/:group/:name', content: lazy(() => import('./docs/doc-page.js'), 'docPage'), still: true },
  { path: '/status', content: lazy(() => import('./status/status-page.js'), 'statusPage') },
  { path: '/panes', content: lazy(() => import('./panes/panes-page.js'), 'panesPage') },
  { path: '/help', content: lazy(() => import('./help/help-page.js'), 'helpPage'), still: true },
  { path: '/accessibility', content: lazy(() => import('./accessibility/accessibility-page.js'), 'accessibilityPage'), still: true },
]
