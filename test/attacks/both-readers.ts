import { expect } from 'vitest'
import type { Envelope } from '#libs/contracts'
import { approvalState, readRelease, readRoster, SignatureError, type ReleasePredicate, type RosterPredicate } from '#libs/signing'
import type { BundleRefused } from '#libs/verify'
import { Office, SEEN, type Parts } from './office.js'

/** What both readers say of one bundle: our own, and hms-svc/verify, which shares no line with it. */
export interface Said {
  approvedBy: string[]
  soleOfficial: boolean
  /** Empty when it is approved. */
  missing: string[]
  /** Of hms-svc/verify. */
  refused: string
}

export const office = new Office()
export const TWO = ['EPA Chief', 'EPA Counsel']

export async function saidOf(parts: Parts): Promise<Said> {
  const detached = await office.verify(parts).then(
    ({ release }) => ({ approvedBy: release.approvedBy, soleOfficial: release.soleOfficial === true, refused: '' }),
    (error: unknown) => ({ approvedBy: [], soleOfficial: false, refused: (error as BundleRefused).code }),
  )
  try {
    const state = approvalState(readRoster(await office.signedRoster(parts.roster)), readRelease(parts.release), SEEN)
    const approvedBy = state.complete ? state.approvedBy.map(({ id }) => id).sort() : []
    const ours = { approvedBy, soleOfficial: state.complete && state.soleOfficial }
    expect({ approvedBy: detached.approvedBy.toSorted(), soleOfficial: detached.soleOfficial }).toEqual(ours)
    return { ...detached, missing: state.missing }
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    return { ...detached, missing: [error.code] }
  }
}

export interface Case {
  signers?: string[]
  author?: string | null
  roster?: (roster: RosterPredicate) => void
  release?: (release: ReleasePredicate) => void
  envelope?: (envelope: Envelope) => Envelope | Promise<Envelope>
}

export async function bundleOf({ signers = TWO, author = null, roster, release, envelope }: Case): Promise<Parts> {
  const parts = await office.parts(signers, (predicate) => {
    predicate.author = author
    release?.(predicate)
  })
  return { ...parts, roster: office.roster(roster), release: (await envelope?.(parts.release)) ?? parts.release }
}
