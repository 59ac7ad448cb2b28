import type { ReceivedEvent, ReleaseDocument, RunDossier, ScenarioRule } from '#libs/contracts'
import type { Canary } from '#libs/pipeline'
import { upcoming } from '#libs/service'

/** A canary of these releases, of which nothing is published yet. `cause` is the event that opens it. */
export function newCanary(
  dossier: RunDossier,
  scenarios: ScenarioRule[],
  cause: Pick<ReceivedEvent, 'id' | 'key' | 'traceparent'>,
  now: Date,
): Canary {
  const { run, attempt, plan } = dossier
  return {
    run,
    attempt,
    key: cause.key,
    state: 'publishing',
    scope: plan.scope,
    scopeName: plan.scopeName,
    requestedShare: plan.share,
    observeMs: plan.observeMs,
    members: dossier.releases.map((release) => ({
      policy: release.id,
      seq: 0,
      release: release.releaseDigest,
      base: dossier.live[release.id]?.releaseDigest ?? null,
      share: plan.share,
      published: false,
      connected: 0,
      expected: 0,
      acknowledged: 0,
      ...beginsOf(release, now),
      silent: [],
      heard: false,
    })),
    publishedAt: null,
    observeUntil: null,
    observed: false,
    leaseUntil: now.toISOString(),
    counted: [],
    alerting: [],
    unexplained: [],
    scenarios,
    dossier,
    causationId: cause.id,
    traceparent: cause.traceparent ?? null,
  }
}

function beginsOf(release: ReleaseDocument, now: Date): { beginsAt?: string } {
  const next = upcoming(release, now)
  return next === undefined ? {} : { beginsAt: next.at }
}
