/** The board's figures once a second, while the page is looked at. */
import type { Board } from '../lib/api';

export interface BoardFeed { board: Board | null; ok: boolean }

const PERIOD_MS = 1000;
const SLOW_MS = 5000; // while the server does not answer

export function watchBoard(
  token: string, onFeed: (f: BoardFeed) => void, onRefused: () => void,
): () => void {
  let feed: BoardFeed = { board: null, ok: true };
  let timer: ReturnType<typeof setTimeout>;
  let stopped = false;
  const tick = async () => {
    let next = PERIOD_MS;
    if (document.visibilityState === 'visible') {
      try {
        const answer = await fetch('/v1/board', { headers: { Authorization: `Bearer ${token}` },
          cache: 'no-store', signal: AbortSignal.timeout(4000) });
        if (answer.status === 401 || answer.status === 403)
          return onRefused();
        if (!answer.ok && answer.status !== 404)
          throw new Error(String(answer.status));
        const board = answer.ok && answer.status !== 204 ? (await answer.json()) as Board : null;
        feed = { board: board ?? feed.board, ok: true };
      } catch {
        feed = { ...feed, ok: false };
        next = SLOW_MS;
      }
      if (!stopped)
        onFeed(feed);
    }
    if (!stopped)
      timer = setTimeout(() => void tick(), next);
  };
  void tick();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
