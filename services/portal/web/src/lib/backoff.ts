/**
 * When to try again: at once the first time, then full jitter (a uniform draw between nothing and a
 * cap that doubles), so that ten thousand browsers dropped together do not come back together.
 */

export interface BackoffOptions { base_ms: number; cap_ms: number }

export const RECONNECT: BackoffOptions = { base_ms: 200, cap_ms: 30_000 };

/** Delay before attempt number `attempt` (0 is the first).  `random` is uniform in [0, 1). */
export function backoffMs(attempt: number, random: number, o: BackoffOptions = RECONNECT): number {
  if (attempt <= 0)
    return 0;
  const ceiling = Math.min(o.cap_ms, o.base_ms * 2 ** Math.min(attempt - 1, 30));
  return Math.floor(random * ceiling);
}
