import { HmsError } from '#libs/contracts'
import type { PaneMessage, PolicyChanged } from './pane.js'
import { MAX_PANES } from './pane-bounds.js'

/** Pane as the router sees it, in this page or in a frame. */
export interface Member {
  readonly policies: readonly string[]
  changed(change: PolicyChanged): void
  deliver(event: string, message: PaneMessage): void
}

/** Routes messages about a policy to the panes that declared its id. */
export class Router {
  private readonly byPolicy = new Map<string, Set<Member>>()
  private readonly all = new Set<Member>()

  /** Adds a member. Returns a function that removes it. Throws `HMS_BRIDGE_FULL`. */
  add(member: Member): () => void {
    if (this.all.size >= MAX_PANES)
      throw new HmsError('HMS_BRIDGE_FULL', `A bridge has at most ${MAX_PANES} panes: close those that are not shown.`, { status: 409 })
    this.all.add(member)
    for (const id of member.policies) this.byPolicy.set(id, (this.byPolicy.get(id) ?? new Set()).add(member))
    return () => this.remove(member)
  }

  changed(change: PolicyChanged): void {
    for (const member of this.membersFor(change.id)) member.changed(change)
  }

  /** Sends to all members that declared the id, except the sender `from`. */
  publish(event: string, message: PaneMessage, from?: Member): void {
    for (const member of this.membersFor(message.id)) if (member !== from) member.deliver(event, message)
  }

  /** Returns a copy, because a listener may close its pane or open another. */
  private membersFor(id: string): Member[] {
    return [...(this.byPolicy.get(id) ?? [])]
  }

  private remove(member: Member): void {
    this.all.delete(member)
    for (const id of member.policies) {
      const members = this.byPolicy.get(id)
      members?.delete(member)
      if (members?.size === 0) this.byPolicy.delete(id)
    }
  }
}
