/** When an idle session ends. */

export const WARNING_SECONDS = 60;

/** Whole seconds until a session that was last used at `usedAt` ends; 0 or less once it has. */
export function secondsLeft(usedAt: number, now: number, limitSeconds: number): number {
  // A clock that was set back does not make a session longer than its limit.
  return Math.min(limitSeconds, Math.ceil(limitSeconds - (now - usedAt) / 1000));
}
