/**
 * The one WebSocket to the gateway.  It comes back by itself (at once, then with full jitter), gives
 * every request an id and a time-out, and holds what is asked while it is away.  A new connection
 * starts with welcome and snapshot; only after the snapshot are waiting requests sent, so a reader
 * never acts on what it believed before the drop.
 *
 * The browser's WebSocket, timers and randomness are arguments, so the tests need none of them.
 */
import { backoffMs } from './backoff';
import { Emitter } from './emitter';
import { RefusedError } from './session';
import {
  parseServerFrame, type ClientBodies, type ClientKind, type ServerFrame, type Snapshot,
  type Welcome,
} from './api';

export interface WebSocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((e: never) => void) | null;
  onmessage: ((e: { data: unknown }) => void) | null;
  onclose: ((e: { code: number; reason: string }) => void) | null;
}

export interface SocketDeps {
  ticket: () => Promise<string>;
  open: (ticket: string) => WebSocketLike;
  random?: () => number;
  now?: () => number;
}

export type SocketState = 'off' | 'connecting' | 'open' | 'away';

export interface SocketEvents {
  state: SocketState;
  welcome: Welcome;
  snapshot: Snapshot;
  frame: ServerFrame; // every push but welcome and snapshot
  refused: RefusedError; // it stays off
  superseded: void; // another tab took the session; it stays off
}

export class RequestError extends Error {
  constructor(readonly code: number, reason: string) {
    super(reason);
  }
}

interface Pending {
  text: string;
  repeat: boolean; // may be sent again on a new connection
  sent: boolean;
  resolve: (f: ServerFrame) => void;
  reject: (e: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

export interface RequestOptions {
  timeout_ms?: number;
  /** Commands name what they change, so a repeat is harmless; a session description is not. */
  repeat?: boolean;
}

const TIMEOUT_MS = 8000;
const MAX_PENDING = 64;
const STABLE_MS = 5000; // a connection that lasted this long earns an immediate retry
const HANDSHAKE_MS = 10_000;
const IDLE = 4008; // nothing was said for long: come back when there is something
const SUPERSEDED = 4009;
const DEAF_AFTER = 2; // time-outs in a row that mean a dead connection

export class GatewaySocket extends Emitter<SocketEvents> {
  state: SocketState = 'off';
  private ws: WebSocketLike | null = null;
  private wanted = false;
  private attempt = 0;
  private openedAt = 0;
  private timeouts = 0;
  private nextId = 1;
  private turn = 0; // of connecting: an earlier one that comes late is none
  private retry: ReturnType<typeof setTimeout> | null = null;
  private handshake: ReturnType<typeof setTimeout> | null = null;
  private readonly pending = new Map<string, Pending>();

  constructor(private readonly deps: SocketDeps) {
    super();
  }

  start(): void {
    if (this.wanted)
      return;
    this.wanted = true;
    this.attempt = 0;
    void this.connect();
  }

  /** Close for good; what waits for an answer fails. */
  stop(): void {
    this.wanted = false;
    this.clearTimers();
    this.drop(1000, 'leaving');
    this.failAll(new RequestError(0, 'the connection was closed'));
    this.become('off');
  }

  /** The network came back or the page was shown again: do not wait for the timer. */
  nudge(): void {
    if (this.wanted && this.state === 'away') {
      this.attempt = 0;
      this.schedule();
    }
  }

  request<K extends ClientKind>(
    kind: K, body: ClientBodies[K], o: RequestOptions = {},
  ): Promise<ServerFrame> {
    if (!this.wanted)
      return Promise.reject(new RequestError(0, 'not connected'));
    if (this.pending.size >= MAX_PENDING)
      return Promise.reject(new RequestError(429, 'too many requests are waiting'));
    const id = String(this.nextId++);
    return new Promise<ServerFrame>((resolve, reject) => {
      const timer = setTimeout(() => this.timedOut(id), o.timeout_ms ?? TIMEOUT_MS);
      const p: Pending = {
        text: JSON.stringify({ id, [kind]: body }), repeat: o.repeat ?? true, sent: false,
        resolve, reject, timer,
      };
      this.pending.set(id, p);
      if (this.state === 'open')
        this.transmit(p);
    });
  }

  /** Say something that nobody answers and nobody misses; while away it is not said at all. */
  tell<K extends ClientKind>(kind: K, body: ClientBodies[K]): void {
    if (this.state === 'open')
      this.ws?.send(JSON.stringify({ [kind]: body }));
  }

  private async connect(): Promise<void> {
    this.become('connecting');
    const turn = ++this.turn;
    const mine = () => this.wanted && turn === this.turn;
    let ticket: string;
    try {
      ticket = await this.deps.ticket();
    } catch (e) {
      if (!mine())
        return;
      if (e instanceof RefusedError && e.status !== 429 && e.status < 500) {
        this.stop();
        this.emit('refused', e);
      } else {
        this.schedule();
      }
      return;
    }
    if (!mine())
      return;
    const ws = this.deps.open(ticket);
    this.ws = ws;
    ws.onmessage = e => {
      if (this.ws === ws && typeof e.data === 'string')
        this.received(e.data);
    };
    ws.onclose = e => {
      if (this.ws === ws)
        this.closed(e.code);
    };
    this.handshake = setTimeout(() => this.restart(), HANDSHAKE_MS);
  }

  private received(text: string): void {
    const frame = parseServerFrame(text);
    if (!frame)
      return;
    this.timeouts = 0;
    if (frame.kind === 'welcome') {
      this.emit('welcome', frame.body);
    } else if (frame.kind === 'snapshot') {
      this.openedAt = this.now();
      if (this.handshake)
        clearTimeout(this.handshake);
      this.become('open');
      this.emit('snapshot', frame.body);
      for (const p of [...this.pending.values()])
        if (!p.sent)
          this.transmit(p);
    } else if (frame.in_reply_to) {
      this.answered(frame);
    } else {
      this.emit('frame', frame);
    }
  }

  private answered(frame: ServerFrame): void {
    const p = this.take(frame.in_reply_to);
    if (!p)
      return; /* too late: the asker was told of the time-out */
    if (frame.kind === 'error')
      p.reject(new RequestError(frame.body.code ?? 500, frame.body.reason ?? 'refused'));
    else
      p.resolve(frame);
  }

  private timedOut(id: string): void {
    const p = this.take(id);
    p?.reject(new RequestError(408, 'no answer in time'));
    if (p?.sent && this.state === 'open' && ++this.timeouts >= DEAF_AFTER)
      this.restart();
  }

  private take(id: string): Pending | undefined {
    const p = this.pending.get(id);
    if (p)
      clearTimeout(p.timer);
    this.pending.delete(id);
    return p;
  }

  private transmit(p: Pending): void {
    p.sent = true;
    this.ws?.send(p.text);
  }

  private closed(code: number): void {
    if (this.state === 'open' && this.now() - this.openedAt >= STABLE_MS)
      this.attempt = 0;
    this.ws = null;
    if (this.handshake)
      clearTimeout(this.handshake);
    for (const [id, p] of [...this.pending]) {
      if (p.sent && !p.repeat)
        this.take(id)?.reject(new RequestError(0, 'the connection was lost'));
      p.sent = false;
    }
    if (code === SUPERSEDED) {
      this.stop();
      this.emit('superseded', undefined);
    } else if (code === IDLE && this.pending.size === 0) {
      this.stop();
    } else if (this.wanted) {
      this.schedule();
    }
  }

  /** Give up on a connection that is there but silent. */
  private restart(): void {
    this.drop(4000, 'no answer');
    this.closed(4000);
  }

  private drop(code: number, reason: string): void {
    const ws = this.ws;
    this.ws = null;
    if (!ws)
      return;
    ws.onmessage = null;
    ws.onclose = null;
    ws.close(code, reason);
  }

  private schedule(): void {
    this.become('away');
    if (this.retry)
      clearTimeout(this.retry);
    const delay = backoffMs(this.attempt++, (this.deps.random ?? Math.random)());
    this.retry = setTimeout(() => {
      this.retry = null;
      if (this.wanted)
        void this.connect();
    }, delay);
  }

  private become(state: SocketState): void {
    if (state === this.state)
      return;
    this.state = state;
    this.emit('state', state);
  }

  private failAll(e: Error): void {
    for (const id of [...this.pending.keys()])
      this.take(id)?.reject(e);
  }

  private clearTimers(): void {
    for (const t of [this.retry, this.handshake])
      if (t)
        clearTimeout(t);
    this.retry = this.handshake = null;
  }

  private now(): number {
    return (this.deps.now ?? Date.now)();
  }
}

/** Open the browser's WebSocket with our sub-protocol and the ticket beside it, never in the URL. */
export function openWebSocket(url: string, protocol: string, ticket: string): WebSocketLike {
  return new WebSocket(url, [protocol, `ticket.${ticket}`]) as unknown as WebSocketLike;
}
