/**
 * Reports the visit to POST /v1/collect: page views, visible time, basket.  Events of the same moment
 * travel in one request.  The answer names the visitor and the visit and may carry an invitation.
 */
import { address } from './address';
import { DwellClock } from './dwell';
import type { Memory } from './memory';
import { backoffMs } from '../lib/backoff';
import type { Basket } from '../lib/api';

export interface Invitation {
  id: string;
  title?: string;
  text?: string;
  channels?: string[];
  rule?: string;
}

export type ClickEvent =
  | { type: 'page_view'; url: string; title: string; section: string; at_ms: number }
  | { type: 'page_leave'; url: string; dwell_ms: number }
  | { type: 'heartbeat'; url: string; section: string; dwell_ms: number }
  | ({ type: 'basket' } & Basket)
  | { type: `invitation_${'shown' | 'dismissed' | 'accepted'}`; invitation_id: string };

interface CollectAnswer {
  visitor_id?: string; visit_id?: string; token?: string; invitation?: Invitation | null;
}

const HEARTBEAT_MS = 5000;
const IDLE_MS = 30 * 60_000; // a tab left open says no more after this
const MAX_WAITING = 50;
const MAX_TRIES = 6;

export class Tracker {
  section = '';
  onInvitation: (i: Invitation) => void = () => undefined;
  private url = '';
  private dwell = new DwellClock(0, false);
  private queue: ClickEvent[] = [];
  private sending = false;
  private running = Promise.resolve(); // the request that is on its way
  private era = 0; // of one visitor; an answer of an earlier one is not for us
  private tries = 0;
  private claim: string | null = null;
  private lastInput = 0;
  private readonly tokenWaiters: ((t: string | null) => void)[] = [];

  /** `told`: the parameters of a query that are told (data-query). */
  constructor(private readonly origin: string, private readonly memory: Memory,
    private readonly told: readonly string[] = []) {}

  /** Where the visitor is, as far as others may know. */
  address(): string {
    return address(location.pathname, location.search, this.told);
  }

  start(): void {
    this.lastInput = performance.now();
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible')
        this.dwell.show(performance.now());
      else
        this.dwell.hide(performance.now());
    });
    for (const type of ['pointerdown', 'keydown', 'scroll'])
      addEventListener(type, () => (this.lastInput = performance.now()), { passive: true });
    addEventListener('pagehide', () => this.leave());
    addEventListener('pageshow', e => {
      if (e.persisted)
        this.page(); /* back from the browser's page cache */
    });
    setInterval(() => this.beat(), HEARTBEAT_MS);
  }

  /** A page is shown (also called by single-page sites after their own navigation). */
  page(section = this.section, title = document.title): void {
    if (this.url)
      this.queue.push(this.leaveEvent());
    this.section = section;
    this.url = this.address();
    this.dwell = new DwellClock(performance.now(), document.visibilityState === 'visible');
    this.report({ type: 'page_view', url: this.url, title: title.slice(0, 200), section,
      at_ms: Date.now() });
  }

  basket(b: Basket): void {
    this.report({ type: 'basket', ...b });
  }

  report(e: ClickEvent): void {
    this.queue.push(e);
    if (this.queue.length > MAX_WAITING)
      this.queue.shift(); /* the oldest tells least about now */
    queueMicrotask(() => void this.flush());
  }

  /** The site vouches for who this is: a signed claim from its own server. */
  async identify(claim: string): Promise<void> {
    this.claim = claim;
    await this.running; /* it left without the claim */
    await this.flush();
  }

  /** The customer signed out: the next page belongs to a new, anonymous visitor. */
  forget(): void {
    this.leave(); /* what was done so far is told of who did it */
    this.era++;
    this.tries = 0;
    this.claim = null;
    this.memory.token = null;
    this.memory.visit = null;
    this.page();
  }

  /** The visitor token, waiting for the first answer if there is none yet; null: not reachable. */
  token(wait_ms = 4000): Promise<string | null> {
    if (this.memory.token)
      return Promise.resolve(this.memory.token);
    if (!this.sending && !this.queue.length && !this.claim)
      this.page(); /* all was said, and nobody answered with a token */
    void this.flush();
    return new Promise(resolve => {
      this.tokenWaiters.push(resolve);
      setTimeout(() => resolve(null), wait_ms);
    });
  }

  private beat(): void {
    const now = performance.now();
    if (document.visibilityState === 'visible' && now - this.lastInput < IDLE_MS)
      this.report({ type: 'heartbeat', url: this.url, section: this.section,
        dwell_ms: Math.round(this.dwell.total(now)) });
  }

  private leaveEvent(): ClickEvent {
    const dwell_ms = Math.round(this.dwell.total(performance.now()));
    return { type: 'page_leave', url: this.url, dwell_ms };
  }

  private leave(): void {
    this.queue.push(this.leaveEvent());
    this.url = '';
    const body = this.body(this.queue.splice(0));
    void fetch(`${this.origin}/v1/collect`, { ...request(body), keepalive: true })
      .catch(() => undefined); /* the page is gone: nobody can be told */
  }

  private body(events: ClickEvent[]): string {
    const { token, visit } = this.memory;
    return JSON.stringify({
      ...(token ? { token } : {}), ...(this.claim ? { claim: this.claim } : {}),
      ...(visit ? { visit_id: visit } : {}), events,
    });
  }

  private flush(): Promise<void> {
    if (!this.sending && (this.queue.length || this.claim))
      this.running = this.send();
    return this.running;
  }

  private async send(): Promise<void> {
    this.sending = true;
    const events = this.queue.splice(0);
    const { claim, era } = this;
    try {
      const answer = await fetch(`${this.origin}/v1/collect`, request(this.body(events)));
      if (!answer.ok)
        throw answer.status;
      const said = (await answer.json()) as CollectAnswer;
      if (era === this.era)
        this.learn(said, claim);
    } catch (e) {
      if (era === this.era)
        this.failed(e, events);
    } finally {
      this.sending = false;
    }
    if ((this.queue.length || this.claim) && !this.tries)
      void this.flush();
  }

  private failed(e: unknown, events: ClickEvent[]): void {
    if (e === 401 || e === 403) {
      this.memory.token = null; /* an expired token or claim: begin again as a new visitor */
      this.memory.visit = null;
      this.claim = null;
    } else if (typeof e === 'number' && e < 500 && e !== 429) {
      if (!events.length)
        this.claim = null; /* it is this that they do not want */
      return; /* what they do not want they would not want later */
    }
    if (++this.tries > MAX_TRIES)
      return;
    this.queue.unshift(...events);
    setTimeout(() => void this.flush(), 300 + backoffMs(this.tries, Math.random()));
  }

  private learn(a: CollectAnswer, claim: string | null): void {
    this.tries = 0;
    if (this.claim === claim)
      this.claim = null;
    if (a.token)
      this.memory.token = a.token;
    if (a.visit_id)
      this.memory.visit = a.visit_id;
    if (this.memory.token)
      for (const w of this.tokenWaiters.splice(0))
        w(this.memory.token);
    if (a.invitation?.id)
      this.onInvitation(a.invitation);
  }
}

const request = (body: string): RequestInit => ({
  method: 'POST', body, headers: { 'Content-Type': 'application/json' }, credentials: 'omit',
  referrerPolicy: 'strict-origin',
});
