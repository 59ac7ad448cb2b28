import { bent, bundleText, documentOf, proofOf, released, rosterOf, T0, T1, type BundleVector } from './vectors.js'

/** Bundles by file name, without the answers: `libs/verify` gives them. */
export async function bundles(): Promise<Record<string, BundleVector>> {
  const roster = await rosterOf()
  const release = await released({ version: '1.0.0', limit: 35, by: ['EPA Chief', 'EPA Counsel'] })
  const document = await documentOf(release)
  const future = await released({ version: '2.0.0', limit: 25, epoch: 2, effective: T1 })
  const held = await documentOf(release, { seq: 2, next: { at: T1, release: future.prepared.digest }, held: future })
  const unsigned = await released({ version: '1.0.0', limit: 35, by: ['Air Office'] })
  const named = { id: 'pm25', version: '1.0.0', digest: release.prepared.digest }
  const bundle = (about: string, text: string, at = T0): BundleVector => ({ about, roster, at, bundle: text })
  return {
    'bundle-verified': bundle('Signed by two people, in the log, and in force by a head of rollout.', bundleText(document)),
    'bundle-effective': bundle(
      'A held release is in force from its time on.',
      bundleText({ ...held, release: future.envelope, proof: future.proof }),
      T1,
    ),
    'bundle-not-yet': bundle(
      'Before its time a held release is not in force.',
      bundleText({ ...held, release: future.envelope, proof: future.proof }),
    ),
    'bundle-not-approved': bundle('Its author alone signed it.', bundleText(await documentOf(unsigned))),
    'bundle-other-head': bundle('The head is of canary-controller.', bundleText(await documentOf(release, { by: 'canary-controller' }))),
    'bundle-false-head': bundle('The signature of the head is false.', bundleText({ ...document, head: bent(document.head) })),
    'bundle-false-signature': bundle('One of two signatures is false.', bundleText({ ...document, release: bent(release.envelope) })),
    'bundle-not-witnessed': bundle(
      'No witness of the roster saw the checkpoint.',
      bundleText({ ...document, proof: await proofOf([named], named.digest, 1_772_442_000, []) }),
    ),
  }
}
