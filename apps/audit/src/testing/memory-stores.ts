import { MemorySeenStore } from '#libs/witness/testing'
import type { AuditStores } from '../audit.module.js'
import { MemoryAttestationStore } from './memory-attestation-store.js'
import { MemoryEntryStore } from './memory-entry-store.js'
import { MemoryTreeStore } from './memory-tree-store.js'

/** Creates memory adapters of all stores of audit. */
export function memoryStores(): AuditStores {
  return {
    entries: new MemoryEntryStore(),
    tree: new MemoryTreeStore(),
    attestations: new MemoryAttestationStore(),
    seen: new MemorySeenStore(),
  }
}
