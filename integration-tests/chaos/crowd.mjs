// People who do not give up: their sockets break, their requests are not answered, and they try again.
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { json, origin, sleep } from '../lib/platform.mjs';
import { agentToken, visitor } from '../lib/wire.mjs';

const headers = { 'content-type': 'application/json', origin };

class Person {
  phases = new Map(); // of contacts, as this person was told last
  open = false;
  next = 0;
  waiting = new Map();

  /** A socket as long as this person stays: the same session again while the gateways know it. */
  async stay() {
    while (!this.left) {
      await this.connect().catch(() => {});
      this.open = false;
      for (const done of this.waiting.values()) done(null);
      if (!this.left) await sleep(300);
    }
  }

  async connect() {
    const resumes = this.resume !== undefined;
    const { status, body } = await json(`${origin}/v1/sessions`, { method: 'POST', signal: AbortSignal.timeout(3000),
      headers: resumes ? headers : { ...headers, authorization: `Bearer ${this.token}` },
      body: JSON.stringify(resumes ? { resume_token: this.resume } : {}) });
    if (resumes && [401, 403, 404, 410].includes(status)) delete this.resume; // the session is over
    if (status !== 200 && status !== 201) return;
    this.socket = new WebSocket(`${origin.replace('http', 'ws')}/v1/ws`, ['threadline.v1', `ticket.${body.ticket}`],
      { origin, handshakeTimeout: 3000 });
    this.socket.on('message', data => this.hear(JSON.parse(data)));
    this.socket.on('error', () => {});
    await new Promise(done => this.socket.on('close', done));
  }

  hear(frame) {
    this.waiting.get(frame.in_reply_to)?.(frame);
    if (frame.welcome) this.resume = frame.welcome.resume_token;
    if (frame.snapshot) {
      this.open = true;
      this.phases = new Map();
      for (const c of frame.snapshot.contacts ?? []) this.phases.set(c.contact_id, c.phase);
    }
    if (frame.contact_state) this.phases.set(frame.contact_state.contact_id, frame.contact_state.phase);
    this.heard?.(frame);
  }

  /** The answer, or null when none came. */
  say(body) {
    if (!this.open) return Promise.resolve(null);
    const id = String(++this.next);
    this.socket.send(JSON.stringify({ id, ...body }));
    return new Promise(done => {
      const timer = setTimeout(() => this.waiting.get(id)?.(null), 3000);
      this.waiting.set(id, m => { clearTimeout(timer); this.waiting.delete(id); done(m); });
    });
  }

  leave() {
    this.left = true;
    this.socket?.close(1000);
  }
}

/** Answers whatever rings, notes how it went, and is ready again whatever happened. */
export class Agent extends Person {
  offers = [];

  constructor(name) {
    super();
    this.name = name;
    this.works = true;
  }

  async work() {
    this.token = await agentToken(this.name);
    const staying = this.stay();
    for (; !this.left; await sleep(200)) {
      if (!this.open) continue;
      if (this.works && this.presence !== 'AGENT_PRESENCE_READY' && !this.busy()) await this.say({ set_agent_state: { ready: true } });
      for (const o of this.offers.splice(0)) await this.say({ accept_offer: { offer_id: o.offer_id, epoch: o.epoch } });
      for (const [contact_id, phase] of this.phases)
        if (phase === 'CONTACT_PHASE_WRAP_UP') await this.say({ complete_wrap_up: { contact_id, disposition: 'solved' } });
    }
    await staying;
  }

  busy() {
    return ['AGENT_PRESENCE_RINGING', 'AGENT_PRESENCE_BUSY', 'AGENT_PRESENCE_WRAP_UP'].includes(this.presence);
  }

  heard(frame) {
    const state = frame.agent_state ?? frame.snapshot?.agent_state;
    if (state) this.presence = state.presence;
    this.offers.push(...(frame.snapshot?.offers ?? []));
    if (frame.offer) this.offers.push(frame.offer);
  }
}

/** Asks for help once, talks, and hangs up; one in five does not wait for an agent. */
export class Customer extends Person {
  constructor(dice) {
    super();
    this.impatient = dice() < 0.2;
    this.talks_ms = 200 + dice() * 2000;
  }

  is(...phases) {
    return phases.some(p => this.phases.get(this.contact) === `CONTACT_PHASE_${p}`);
  }

  /** Over for this customer: told so, or no longer among what a new snapshot shows. */
  isOver() {
    return this.open && (this.is('ENDED', 'WRAP_UP') || !this.phases.has(this.contact));
  }

  async live() {
    const request = { request_id: randomUUID(), channel: 'CHANNEL_CHAT', section: 'orders', consent: true };
    while (!this.token) this.token = (await visitor().catch(() => null))?.token ?? void await sleep(300);
    const staying = this.stay();
    while (!this.contact) {
      const answer = await this.say({ request_contact: request });
      this.contact = answer?.contact_accepted?.contact_id;
      if (!this.contact) await sleep(300);
    }
    if (!this.phases.has(this.contact)) this.phases.set(this.contact, 'CONTACT_PHASE_WAITING');
    while (!this.impatient && !this.is('CONNECTED') && !this.isOver()) await sleep(100);
    this.talked = this.is('CONNECTED');
    if (this.talked || this.impatient) await sleep(this.talks_ms);
    for (; !this.isOver(); await sleep(500)) await this.say({ end_contact: { contact_id: this.contact } });
    this.leave();
    await staying;
    return this;
  }
}
