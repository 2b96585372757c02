// The visit's reporter: who is told of what, while answers are still on their way.
// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Memory, safeStorage } from '../src/widget/memory';
import { Tracker } from '../src/widget/tracker';

interface Body { token?: string; claim?: string; visit_id?: string; events: { type: string; url?: string }[] }
interface Asked { body: Body; answer: (a: object, status?: number) => Promise<void> }

let asked: Asked[];
let memory: Memory;
let tracker: Tracker;
const settle = () => vi.advanceTimersByTimeAsync(0);
const types = (a?: Asked) => a?.body.events.map(e => e.type);

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  vi.stubGlobal('fetch', (_url: string, o: { body: string }) => new Promise(resolve => asked.push({
    body: JSON.parse(o.body) as Body,
    answer: async (a, status = 200) => {
      resolve(new Response(JSON.stringify(a), { status }));
      await settle();
    },
  })));
  const nowhere = () => { throw new Error('denied'); };
  memory = new Memory(safeStorage(nowhere), safeStorage(nowhere));
  tracker = new Tracker('', memory);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a visit', () => {
  it('is told at once who somebody is, also while something else is on its way', async () => {
    tracker.page('shop');
    await settle();
    const known = tracker.identify('signed');
    await asked[0]!.answer({ token: 'anonymous', visit_id: 'v1' });
    expect(asked[1]?.body).toMatchObject({ token: 'anonymous', claim: 'signed' });
    let done = false;
    void known.then(() => (done = true));
    await settle();
    expect(done).toBe(false);
    await asked[1]!.answer({ token: 'gold' });
    expect([done, memory.token]).toEqual([true, 'gold']);
  });

  it('does not insist on a claim that is no good', async () => {
    tracker.page('shop');
    await settle();
    void tracker.identify('nonsense');
    await asked[0]!.answer({ token: 'anonymous' });
    await asked[1]!.answer({}, 422);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.length).toBe(2);
  });

  it('of somebody who signed out is over: no answer brings the old token back', async () => {
    memory.token = 'gold';
    memory.visit = 'v1';
    tracker.page('shop');
    await settle();
    tracker.basket({ total_minor: 100 });
    tracker.forget();
    await settle();
    expect(memory.token).toBeNull();
    await asked[0]!.answer({ token: 'gold', visit_id: 'v1' });
    expect([memory.token, memory.visit]).toEqual([null, null]);
    /* what was done before is told of who did it, what follows of somebody new */
    expect(asked.filter(a => a.body.token === 'gold').flatMap(a => types(a)!)).toEqual(
      ['page_view', 'basket', 'page_leave']);
    const later = asked.filter(a => !a.body.token);
    expect(later.map(types)).toEqual([['page_view']]);
    await later[0]!.answer({ token: 'new', visit_id: 'v2' });
    expect([memory.token, memory.visit]).toEqual(['new', 'v2']);
  });

  it('of somebody who signed out is not told again by who comes next', async () => {
    memory.token = 'gold';
    tracker.page('shop');
    await settle();
    tracker.forget();
    await asked[0]!.answer({}, 503);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.filter(a => !a.body.token).flatMap(a => types(a)!)).toEqual(['page_view']);
  });

  it('is begun again when somebody needs a token and there is none', async () => {
    tracker.page('shop');
    await settle();
    await asked[0]!.answer({}, 400);
    const token = tracker.token();
    await settle();
    expect(types(asked[1])).toContain('page_view');
    await asked[1]!.answer({ token: 'anonymous' });
    await expect(token).resolves.toBe('anonymous');
  });
});
