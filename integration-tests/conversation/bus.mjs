// The bus in the gateway's place: commands to conversation and the ACD, pushes to sessions and agents,
// and the events of conversation as they pass by.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { connect } from 'nats';
import protobuf from 'protobufjs';
import { root, sleep, until } from '../lib/platform.mjs';

const schema = new protobuf.Root();
schema.resolvePath = (_from, target) => path.join(root, 'proto', target);
await schema.load(['conversation/v1/commands', 'conversation/v1/events', 'acd/v1/commands', 'media/v1/commands']
  .map(f => `threadline/${f}.proto`), { keepCase: true });
const type = name => schema.lookupType(`threadline.${name}`);
const decode = (name, bytes) => type(name).toObject(type(name).decode(bytes),
  { longs: Number, enums: String, oneofs: true, defaults: true });
const SUBJECT = { conversation: 'tl.cmd.conversation', acd: 'tl.cmd.acd.p0', media: 'tl.cmd.media.m1' };

export class Bus {
  pushed = [];
  events = [];

  /** An event of conversation from the stream. */
  static event = bytes => decode('conversation.v1.ConversationEvent', bytes);

  static async open() {
    const bus = new Bus();
    bus.nc = await connect({
      servers: process.env.TL_NATS_URL, inboxPrefix: '_INBOX.bench', user: process.env.TL_BENCH_NATS_USER,
      pass: readFileSync(process.env.TL_BENCH_NATS_PASSWORD_FILE, 'utf8').trim(),
    });
    for (const subject of ['tl.session.*', 'tl.agent.*'])
      bus.nc.subscribe(subject, { callback: (_e, m) => {
        const push = decode('signaling.v1.ServerMessage', m.data);
        bus.pushed.push({ to: m.subject.split('.')[2], body: push.body, ...push[push.body] });
      } });
    bus.nc.subscribe('tl.events.conversation.>', { callback: (_e, m) => {
      // Sent again when the sender was killed before it noted that it is stored: JetStream knows its id, and so do we.
      if (bus.events.some(e => e.id === m.headers?.get('Nats-Msg-Id'))) return;
      const event = decode('conversation.v1.ConversationEvent', m.data);
      bus.events.push({ ...event, name: event.event, subject: m.subject, ce: m.headers?.get('ce_type'),
        id: m.headers?.get('Nats-Msg-Id') });
    } });
    await bus.nc.flush();
    return bus;
  }

  /** Ask with the same bytes until somebody answers; a refusal is {code, reason}. */
  async ask(svc, method, fields, ms = 15_000) {
    const name = method.replace(/(^|_)(.)/g, (_m, _u, c) => c.toUpperCase());
    const request = type(`${svc}.v1.${name}Request`);
    const bytes = request.encode(request.fromObject(fields)).finish();
    for (const end = Date.now() + ms; ;) {
      const m = await this.nc.request(`${SUBJECT[svc]}.${method}`, bytes, { timeout: 500 }).catch(() => null);
      const code = m ? Number(m.headers?.get('Nats-Service-Error-Code') || 0) : 503;
      if (code !== 503) return code ? { code } : decode(`${svc}.v1.${name}Response`, m.data);
      if (Date.now() > end) throw new Error(`${svc} ${method} was not answered`);
      await sleep(50);
    }
  }

  push(to, body, test = () => true, ms = 15_000) {
    return until(`${body} to ${to}`, () => this.pushed.find(p => p.to === to && p.body === body && test(p)), ms, 5);
  }

  close() {
    return this.nc.close();
  }
}

/** A browser session of a customer. */
export class Customer {
  static all = [];
  session = randomUUID();
  visitor = randomUUID();

  constructor(bus) {
    this.bus = bus;
    this.actor = { role: 'ROLE_CUSTOMER', session_id: this.session, visitor_id: this.visitor };
    Customer.all.push(this);
  }

  /** Whatever a story left behind does not wait for the next one's agent. */
  static async leave() {
    for (const c of Customer.all.splice(0))
      await c.bus.ask('conversation', 'session_lost', { actor: c.actor, cause: 'closed' });
  }

  async request(channel = 'CHAT', fields = {}) {
    const answer = await this.bus.ask('conversation', 'request_contact', { actor: this.actor, request: {
      request_id: randomUUID(), channel: `CHANNEL_${channel}`, section: 'checkout', consent: true, ...fields } });
    if (!answer.code) this.contact = answer.accepted.contact_id;
    return answer;
  }

  phase(want, ms) {
    return this.bus.push(this.session, 'contact_state',
      p => p.contact_id === this.contact && p.phase === `CONTACT_PHASE_${want}`, ms);
  }

  say(text, client_ref = randomUUID()) {
    return this.bus.ask('conversation', 'post_message',
      { actor: this.actor, message: { contact_id: this.contact, text, client_ref } });
  }

  end() {
    return this.bus.ask('conversation', 'end_contact', { actor: this.actor, contact_id: this.contact });
  }
}

/** An agent of the demo, signed in and heard from every second. */
export class Agent {
  session = randomUUID();

  constructor(bus, id) {
    this.bus = bus;
    this.id = id;
    this.actor = { role: 'ROLE_AGENT', session_id: this.session, agent_id: id };
  }

  async ready() {
    this.beat ??= setInterval(() => this.bus.ask('acd', 'heartbeat', { gateway_id: 'story',
      agents: [{ agent_id: this.id, session_id: this.session }] }).catch(() => {}), 1000);
    return this.bus.ask('acd', 'set_agent_state', { actor: this.actor, ready: true });
  }

  offer(contact) {
    return this.bus.push(this.id, 'offer', p => p.contact_id === contact, 20_000);
  }

  async accept(contact) {
    const offer = await this.offer(contact);
    return this.bus.ask('acd', 'accept', { actor: this.actor, offer_id: offer.offer_id, epoch: offer.epoch });
  }

  wrapUp(contact, disposition = 'resolved') {
    return this.bus.ask('conversation', 'complete_wrap_up',
      { actor: this.actor, wrap_up: { contact_id: contact, disposition, note: 'a note' } });
  }

  async leave() {
    clearInterval(this.beat);
    await this.bus.ask('acd', 'set_agent_state', { actor: this.actor, offline: true });
  }
}
