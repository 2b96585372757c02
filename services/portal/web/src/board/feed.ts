/**
 * The board's figures, asked for once a second while the page is looked at.  A GET answered from the
 * gateway's memory is enough for figures that analytics computes once a second: it needs no session
 * (an agent who looks at the board is not signed in a second time by it) and nothing to repair after
 * a restart.  A hidden page asks nothing and catches up at once when it is shown.
 */
import type { Board } from '../lib/api';

export interface BoardFeed {
  board: Board | null;
  since_ms: number; // when these figures came, by our clock: the server's may be another
  ok: boolean; // the last question was answered
}

const PERIOD_MS = 1000;
const SLOW_MS = 3000; // while the server does not answer
const STALE_MS = 5000; // figures older than this are not live, whoever is to blame

export type Freshness = 'live' | 'late' | 'lost';

/** Live; late: the server answers with old figures; lost: it does not answer. */
export function freshness(f: BoardFeed, now_ms: number): Freshness {
  if (!f.ok)
    return 'lost';
  return f.board && now_ms - f.since_ms > STALE_MS ? 'late' : 'live';
}

/** Ask until the answer is called; onFeed hears each outcome. */
export function watchBoard(
  token: string, onFeed: (f: BoardFeed) => void, onRefused: () => void,
): () => void {
  let feed: BoardFeed = { board: null, since_ms: 0, ok: true };
  let timer: ReturnType<typeof setTimeout> | null = null;
  let asking = false;
  let stopped = false;

  const ask = async (): Promise<number> => {
    try {
      const answer = await fetch('/v1/board', { headers: { Authorization: `Bearer ${token}` },
        cache: 'no-store', signal: AbortSignal.timeout(4000) });
      if (answer.status === 401 || answer.status === 403) {
        stop();
        onRefused();
        return 0;
      }
      if (answer.status !== 200)
        throw new Error(String(answer.status));
      const board = (await answer.json()) as Board;
      const same = board.at_us === feed.board?.at_us;
      feed = { board, since_ms: same ? feed.since_ms : Date.now(), ok: true };
    } catch {
      feed = { ...feed, ok: false };
    }
    return feed.ok ? PERIOD_MS : SLOW_MS;
  };

  const tick = async () => {
    timer = null;
    if (asking || stopped || document.visibilityState !== 'visible')
      return;
    asking = true;
    const next = await ask();
    asking = false;
    if (stopped)
      return;
    onFeed(feed);
    timer = setTimeout(() => void tick(), next);
  };

  const wake = () => {
    if (timer)
      clearTimeout(timer);
    void tick();
  };

  const stop = () => {
    stopped = true;
    if (timer)
      clearTimeout(timer);
    document.removeEventListener('visibilitychange', wake);
    removeEventListener('online', wake);
  };

  document.addEventListener('visibilitychange', wake);
  addEventListener('online', wake);
  void tick();
  return stop;
}
