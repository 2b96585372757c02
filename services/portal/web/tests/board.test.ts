// The board's feed: once a second while it is looked at, never while it is hidden, honest when it is old.
// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { freshness, watchBoard, type BoardFeed } from '../src/board/feed';

let asked: number;
let answer: () => Promise<Response>;
let heard: BoardFeed[];
let refused: number;
let stop: () => void;
let visible: DocumentVisibilityState;

const figures = (at_us: number) => () =>
  Promise.resolve(new Response(JSON.stringify({ at_us, total: { waiting: 1 } })));
const show = (state: DocumentVisibilityState) => {
  visible = state;
  document.dispatchEvent(new Event('visibilitychange'));
};

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  asked = refused = 0;
  heard = [];
  visible = 'visible';
  answer = figures(1);
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visible);
  vi.stubGlobal('fetch', () => { asked++; return answer(); });
  stop = watchBoard('token', f => heard.push(f), () => refused++);
});

afterEach(() => {
  stop();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('asks once a second, and not at all while the page is hidden', async () => {
  await vi.advanceTimersByTimeAsync(3500);
  expect(asked).toBe(4);
  show('hidden');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBeLessThanOrEqual(5);
  const before = asked;
  show('visible');
  await vi.advanceTimersByTimeAsync(10);
  expect(asked).toBe(before + 1);
});

it('keeps the last figures when the server is away, says so, and recovers', async () => {
  await vi.advanceTimersByTimeAsync(10);
  answer = () => Promise.reject(new TypeError('away'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(heard.at(-1)).toMatchObject({ ok: false, board: { at_us: 1 } });
  expect(freshness(heard.at(-1)!, Date.now())).toBe('lost');
  answer = figures(2);
  await vi.advanceTimersByTimeAsync(3000);
  expect(freshness(heard.at(-1)!, Date.now())).toBe('live');
});

it('tells figures that stand still from figures that come, whatever the server\'s clock says', async () => {
  await vi.advanceTimersByTimeAsync(4000);
  expect(freshness(heard.at(-1)!, Date.now())).toBe('live');
  await vi.advanceTimersByTimeAsync(3000);
  expect(freshness(heard.at(-1)!, Date.now())).toBe('late');
});

it('asks no more once it is refused', async () => {
  answer = () => Promise.resolve(new Response('', { status: 401 }));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(refused).toBe(1);
  expect(asked).toBeLessThanOrEqual(2);
});
