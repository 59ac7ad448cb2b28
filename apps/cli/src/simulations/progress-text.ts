import type { ReplayProgress } from '#libs/contracts'

export function progressText({ done, total }: ReplayProgress): string {
  return `Replaying: ${done} of ${total} programs done`
}
