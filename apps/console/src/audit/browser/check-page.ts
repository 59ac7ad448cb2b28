// Runs in the page: recomputes proofs of the log from the data of the page and the roster's keys.
import { checkProof, ProofRefused, type ProofToCheck } from './check-proof.js'

const DEADLINE_MS = 10_000

for (const element of document.querySelectorAll<HTMLElement>('[data-proof]')) {
  const button = element.querySelector<HTMLButtonElement>('[data-check]')!
  const said = element.querySelector('[data-checked]')!
  button.hidden = false
  said.textContent = ''
  button.addEventListener('click', () => {
    said.textContent = 'Checking…'
    void check(element.dataset as Marked).then((text) => (said.textContent = text))
  })
}

/** Data of the page: address of the proof, its release, and the keys that count. */
type Marked = { proof: string; release: string; logs: string }

async function check({ proof: path, release, logs }: Marked): Promise<string> {
  try {
    const response = await fetch(path, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(DEADLINE_MS) })
    const { entry, proof, member } = (await response.json()) as Pick<ProofToCheck, 'entry' | 'proof' | 'member'>
    const asked = { release: JSON.parse(release) as ProofToCheck['release'], logs: JSON.parse(logs) as ProofToCheck['logs'] }
    const { index, size, witnesses } = await checkProof({ entry, proof, member, ...asked })
    const seen = witnesses === 0 ? '' : `, and ${witnesses} ${witnesses === 1 ? 'witness' : 'witnesses'}`
    return `✓ It holds: entry ${index} of ${size} names this release; the log${seen} signed that, by the roster that this page shows.`
  } catch (error) {
    const why = error instanceof ProofRefused ? error.message : `This browser could not compute it (${(error as Error).name}).`
    return `✗ Not proven here. ${why}`
  }
}
