// The socket's promises, with a fake WebSocket and fake timers: nothing here waits.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoffMs } from '../src/lib/backoff';
import { RefusedError } from '../src/lib/session';
import { GatewaySocket, RequestError, type WebSocketLike } from '../src/lib/socket';

class FakeSocket implements WebSocketLike {
  sent: Record<string, unknown>[] = [];
  closed = 0;
  onopen: ((e: never) => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;

  constructor(readonly ticket: string) {}
  send(text: string) { this.sent.push(JSON.parse(text) as Record<string, unknown>); }
  close(code = 1000) { this.closed = code; }
  says(frame: object) { this.onmessage?.({ data: JSON.stringify(frame) }); }
  greets() { this.says({ welcome: { session_id: 's' } }); this.says({ snapshot: {} }); }
  drops(code = 1006) { this.onclose?.({ code, reason: '' }); }
}

let made: FakeSocket[];
let tickets: number;
let refuse: Error | null;
let socket: GatewaySocket;
const now = () => made[made.length - 1]!;
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  made = [];
  tickets = 0;
  refuse = null;
  socket = new GatewaySocket({
    ticket: () => refuse ? Promise.reject(refuse) : Promise.resolve(`t${++tickets}`),
    open: t => { const s = new FakeSocket(t); made.push(s); return s; },
    random: () => 0.5,
  });
});

afterEach(() => {
  socket.stop();
  vi.useRealTimers();
});

async function connected() {
  socket.start();
  await settle();
  now().greets();
}

describe('back-off', () => {
  it('tries at once, then within a ceiling that doubles up to the cap', () => {
    expect([0, 1, 2, 3, 20].map(n => backoffMs(n, 0.999999))).toEqual([0, 199, 399, 799, 29999]);
    expect(backoffMs(5, 0)).toBe(0);
  });
});

describe('requests', () => {
  it('wait for the snapshot and are answered by their id', async () => {
    socket.start();
    const first = socket.request('end_contact', { contact_id: 'c' });
    const second = socket.request('cobrowse_ask', { contact_id: 'c' });
    await settle();
    now().says({ welcome: {} });
    expect(now().sent).toEqual([]);
    now().says({ snapshot: {} });
    expect(now().sent).toEqual([{ id: '1', end_contact: { contact_id: 'c' } },
      { id: '2', cobrowse_ask: { contact_id: 'c' } }]);
    now().says({ in_reply_to: '2', error: { code: 409, reason: 'old epoch' } });
    now().says({ in_reply_to: '1', ok: {} });
    await expect(first).resolves.toMatchObject({ kind: 'ok' });
    await expect(second).rejects.toMatchObject({ code: 409, message: 'old epoch' });
  });

  it('time out, and an answer that comes too late changes nothing', async () => {
    await connected();
    const late = socket.request('end_contact', { contact_id: 'c' }, { timeout_ms: 100 });
    const outcome = expect(late).rejects.toMatchObject({ code: 408 });
    await vi.advanceTimersByTimeAsync(101);
    await outcome;
    now().says({ in_reply_to: '1', ok: {} });
    expect(socket.state).toBe('open');
  });

  it('are repeated on a new connection, but a session description is not', async () => {
    await connected();
    const command = socket.request('end_contact', { contact_id: 'c' });
    const offer = socket.request('media_close', { leg_id: 'l' }, { repeat: false });
    const lost = expect(offer).rejects.toBeInstanceOf(RequestError);
    now().drops();
    await lost;
    await settle();
    now().greets();
    expect(now().sent).toEqual([{ id: '1', end_contact: { contact_id: 'c' } }]);
    now().says({ in_reply_to: '1', ok: {} });
    await expect(command).resolves.toBeDefined();
  });

  it('are bounded', async () => {
    socket.start();
    const all = Array.from({ length: 65 }, () => socket.request('cobrowse_ask', { contact_id: 'c' }));
    const outcomes = Promise.allSettled(all);
    await expect(all[64]).rejects.toMatchObject({ code: 429 });
    socket.stop();
    await outcomes;
  });
});

describe('connection', () => {
  it('comes back at once after a stable one dropped, and asks for a new ticket', async () => {
    await connected();
    await vi.advanceTimersByTimeAsync(6000);
    now().drops();
    await settle();
    expect(made.map(s => s.ticket)).toEqual(['t1', 't2']);
  });

  it('is one connection, however fast it is stopped and started again', async () => {
    socket.start();
    socket.stop();
    socket.start();
    await settle();
    expect(made.length).toBe(1);
    now().greets();
    await vi.advanceTimersByTimeAsync(11_000); /* nor a handshake of the past that ends it */
    expect([made.length, now().closed, socket.state]).toEqual([1, 0, 'open']);
  });

  it('is not ended by a refusal of the past', async () => {
    refuse = new RefusedError(401, 'who are you');
    socket.start();
    socket.stop();
    refuse = null;
    socket.start();
    await settle();
    now().greets();
    expect(socket.state).toBe('open');
  });

  it('does not hammer a server that accepts and drops', async () => {
    await connected();
    for (let i = 0; i < 6; i++) {
      now().drops();
      await vi.advanceTimersByTimeAsync(20);
      now().greets();
    }
    expect(made.length).toBeLessThan(4);
  });

  it('keeps trying while the server is away, and stops when it is refused', async () => {
    refuse = new TypeError('no network');
    socket.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.state).toMatch(/away|connecting/);
    const said = vi.fn();
    socket.on('refused', said);
    refuse = new RefusedError(401, 'who are you');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said).toHaveBeenCalledOnce();
    expect(socket.state).toBe('off');
  });

  it('does not wait for the timer when the network comes back', async () => {
    refuse = new TypeError('no network');
    socket.start();
    await vi.advanceTimersByTimeAsync(30_000);
    refuse = null;
    socket.nudge();
    await settle();
    expect(made.length).toBe(1);
  });

  it('stays away when another tab took the session', async () => {
    await connected();
    const told = vi.fn();
    socket.on('superseded', told);
    now().drops(4009);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toHaveBeenCalledOnce();
    expect(made.length).toBe(1);
  });

  it('stays away when it was idle, until there is something to say', async () => {
    await connected();
    now().drops(4008);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([socket.state, made.length]).toEqual(['off', 1]);
    socket.start();
    await settle();
    now().greets();
    expect(socket.state).toBe('open');
  });

  it('gives up a connection on which two answers in a row did not come', async () => {
    await connected();
    for (let i = 0; i < 2; i++) {
      const p = expect(socket.request('cobrowse_ask', { contact_id: 'c' }, { timeout_ms: 50 }))
        .rejects.toMatchObject({ code: 408 });
      await vi.advanceTimersByTimeAsync(51);
      await p;
    }
    expect(made[0]!.closed).toBe(4000);
    await vi.advanceTimersByTimeAsync(200);
    expect(made.length).toBe(2);
  });

  it('gives up a handshake that never ends', async () => {
    socket.start();
    await settle();
    await vi.advanceTimersByTimeAsync(10_200);
    expect(made.length).toBeGreaterThan(1);
  });

  it('ignores frames that are no frames', async () => {
    await connected();
    const pushed = vi.fn();
    socket.on('frame', pushed);
    for (const data of ['', '[]', 'null', '{"from_the_future":{}}', '{"message":3}', new Blob()])
      now().onmessage?.({ data });
    expect(pushed).not.toHaveBeenCalled();
    now().says({ message: { text: 'hello' } });
    expect(pushed).toHaveBeenCalledOnce();
  });
});

describe('what nobody answers', () => {
  it('is said without an id while connected, and not at all while away', async () => {
    await connected();
    socket.tell('typing', { contact_id: 'c', on: true });
    expect(now().sent).toEqual([{ typing: { contact_id: 'c', on: true } }]);
    now().drops();
    socket.tell('typing', { contact_id: 'c', on: false });
    await settle();
    now().greets();
    expect(now().sent).toEqual([]);
  });
});
