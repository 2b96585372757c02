// The life of contacts on the real servers, from the gateway's place on the bus: PostgreSQL, JetStream, ivr,
// acd and media-relay take part; conversation is killed wherever it hurts.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { readdirSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { kill9 as killNow, logSince, metric, pid, ready, runDir, sleep, supervisor, until } from '../lib/platform.mjs';
import { Agent, Bus, Customer } from './bus.mjs';

let bus, agent;

/** Also when the supervisor is only just starting it again. */
const kill9 = name => until(`${name} to run, and die`, () => killNow(name));

before(async () => {
  bus = await Bus.open();
  agent = new Agent(bus, 'agent-2');
  await agent.ready();
});

afterEach(() => Customer.leave());

after(async () => {
  await agent?.leave();
  await bus?.close();
});

const eventsOf = contact => bus.events.filter(e => e.meta.contact_id === contact);
// A repair may come before JetStream's second delivery; both lead to the same place.
const names = contact => eventsOf(contact).map(e => e.name).filter(n => n !== 'contact_repaired');

/** From a fresh customer to connected. */
async function talk(channel = 'CHAT', fields = {}) {
  const customer = new Customer(bus);
  await customer.request(channel, fields);
  await agent.accept(customer.contact);
  await customer.phase('CONNECTED');
  return customer;
}

async function finish(customer) {
  await agent.wrapUp(customer.contact);
  await until('the wrap-up to be told', () => names(customer.contact).includes('wrap_up_completed'));
}

test('from Help to the survey', async () => {
  const customer = new Customer(bus);
  const { accepted } = await customer.request('CHAT');
  assert.ok(accepted.contact_id && accepted.thread_id);
  await customer.phase('WAITING');
  await agent.offer(customer.contact);
  const card = await bus.push(agent.id, 'contact_card', p => p.contact_id === customer.contact);
  assert.equal(card.section, 'checkout');
  assert.equal(card.queue, 'orders');
  await customer.phase('RINGING');
  assert.equal((await agent.accept(customer.contact)).contact_id, customer.contact);
  const state = await customer.phase('CONNECTED');
  assert.equal(state.agent.display_name, 'Demo Agent 2');

  const { message } = await customer.say('hello');
  await bus.push(agent.id, 'message', p => p.message_id === message.message_id);
  await bus.ask('conversation', 'end_contact', { actor: agent.actor, contact_id: customer.contact });
  await customer.phase('ENDED');
  await bus.push(customer.session, 'survey');
  const wrap = await bus.push(agent.id, 'contact_state', p => p.contact_id === customer.contact
    && p.phase === 'CONTACT_PHASE_WRAP_UP' && p.wrap_up_ends_at_us > 0);
  assert.ok(wrap.wrap_up_ends_at_us > Date.now() * 1000);
  assert.equal((await agent.wrapUp(customer.contact, 'no such')).code, 422);
  await finish(customer);
  await bus.ask('conversation', 'answer_survey', { actor: customer.actor, answer: { contact_id: customer.contact, score: 5 } });
  await until('the survey to be told', () => names(customer.contact).includes('survey_answered'));
  await until('the agent to be ready', async () =>
    (await bus.ask('acd', 'get_agent', { agent_id: agent.id })).state.presence === 'AGENT_PRESENCE_READY');

  assert.deepEqual(names(customer.contact), ['contact_requested', 'contact_routed', 'contact_connected',
    'message_posted', 'contact_ended', 'wrap_up_completed', 'survey_answered']);
  const all = bus.events.filter(e => e.meta.thread_id === accepted.thread_id);
  assert.deepEqual(all.map(e => e.thread_seq), all.map((_e, i) => i + 1));
  for (const e of all) {
    assert.equal(e.id, e.meta.event_id);
    assert.match(e.ce, /^threadline\.conversation\.v1\./);
  }
});

test('the next contact of the same visitor is on the same thread and the agent sees the one before', async () => {
  const customer = await talk();
  const first = customer.contact;
  await customer.say('is the bag blue?');
  await customer.end();
  await finish(customer);
  const { accepted } = await customer.request();
  await agent.offer(customer.contact);
  const card = await bus.push(agent.id, 'contact_card', p => p.contact_id === accepted.contact_id);
  assert.equal(card.earlier[0].contact_id, first);
  assert.equal(card.earlier[0].disposition, 'resolved');
  assert.equal(card.earlier[0].messages.at(-1).text, 'is the bag blue?');
  await customer.end();
});

test('a repeated request, a second contact, somebody else\'s contact', async () => {
  const customer = new Customer(bus), stranger = new Customer(bus);
  const request_id = randomUUID();
  const first = await customer.request('CHAT', { request_id });
  const again = await customer.request('CHAT', { request_id });
  assert.equal(again.accepted.contact_id, first.accepted.contact_id);
  assert.equal((await customer.request('CHAT')).code, 409);
  stranger.contact = customer.contact;
  assert.equal((await stranger.end()).code, 404);
  assert.equal((await stranger.say('hi')).code, 404);
  await customer.end();
  await until('the outcome', () => names(customer.contact).includes('contact_ended'));
  assert.equal(eventsOf(customer.contact).at(-1).contact_ended.outcome, 'CONTACT_OUTCOME_ABANDONED');
});

test('kill -9 while it waits, rings, and talks: nothing is lost', async () => {
  const customer = new Customer(bus);
  await customer.request();
  await kill9('conversation');
  await agent.offer(customer.contact);
  await customer.phase('RINGING');
  await kill9('conversation');
  await agent.accept(customer.contact); // nobody hears the acd but JetStream
  await customer.phase('CONNECTED');
  await kill9('conversation');
  await customer.end();
  await customer.phase('ENDED');
  await kill9('conversation');
  await finish(customer);
  assert.deepEqual(names(customer.contact), ['contact_requested', 'contact_routed', 'contact_connected',
    'contact_ended', 'wrap_up_completed']);
});

test('PostgreSQL is away while the agent accepts: the step comes when it is back, and is not poison', async () => {
  const dead = [];
  const watch = bus.nc.subscribe('tl.dlq.>', { callback: (_e, m) => dead.push(m.subject) });
  const customer = new Customer(bus);
  await customer.request();
  await agent.offer(customer.contact);
  await customer.phase('RINGING');
  try {
    supervisor('stop', 'postgres');
    assert.equal((await agent.accept(customer.contact)).contact_id, customer.contact);
    await sleep(9000); // longer than five tries a second apart
  } finally {
    supervisor('start', 'postgres');
  }
  await customer.phase('CONNECTED', 30_000);
  await customer.end();
  await finish(customer);
  watch.unsubscribe();
  assert.deepEqual(dead, []);
  assert.equal(names(customer.contact).filter(n => n === 'contact_connected').length, 1);
});

test('SIGTERM drains: what was accepted is told, and the next one goes on', async () => {
  const said = logSince('conversation'), victim = pid('conversation');
  const customers = Array.from({ length: 8 }, () => new Customer(bus));
  const asked = customers.map(c => c.request());
  await asked[0];
  process.kill(victim, 'SIGTERM');
  await Promise.all(asked); // answered by one or the other, each once
  await until('all of them to be told', () => customers.every(c => names(c.contact).includes('contact_requested')));
  for (const c of customers) await c.end();
  await until('the ends to be told', () => customers.every(c => names(c.contact).includes('contact_ended')));
  for (const c of customers) assert.equal(names(c.contact).filter(n => n === 'contact_requested').length, 1);
  await until('the old one to be gone', () => /"stopped"/.test(said()));
  assert.doesNotMatch(said(), /drain took too long/);
});

test('ivr is killed: the contact is routed when it is back', async () => {
  const customer = new Customer(bus);
  await kill9('ivr');
  await customer.request();
  await agent.accept(customer.contact);
  await customer.phase('CONNECTED');
  await customer.end();
  await finish(customer);
});

test('a lost agent: the customer goes back in line with the original time', async () => {
  const customer = await talk();
  await bus.ask('conversation', 'session_lost', { actor: agent.actor, cause: 'lost' });
  await until('the customer to wait again', () => bus.pushed.filter(p => p.to === customer.session
    && p.phase === 'CONTACT_PHASE_WAITING').length >= 2);
  await bus.ask('acd', 'set_agent_state', { actor: agent.actor, offline: true });
  bus.pushed = bus.pushed.filter(p => p.to !== agent.id); // it may have rung here in between
  await agent.ready();
  await agent.accept(customer.contact);
  await until('a second connection', () => names(customer.contact).filter(n => n === 'contact_connected').length === 2);
  await customer.end();
  await finish(customer);
  assert.equal(names(customer.contact).filter(n => n === 'contact_ended').length, 1);
});

test('junk to conversation is refused and counted, and the neighbour talks on', async () => {
  const customer = await talk();
  const before_ = await metric('conversation', 'tl_conversation_bad_input_total');
  for (const bytes of [Uint8Array.of(0xff, 0xff, 0xff), new Uint8Array(0), Uint8Array.of(0x0a, 0x7f)]) {
    const m = await bus.nc.request('tl.cmd.conversation.end_contact', bytes, { timeout: 2000 });
    assert.equal(m.headers.get('Nats-Service-Error-Code'), '400');
  }
  assert.ok(await metric('conversation', 'tl_conversation_bad_input_total') >= before_ + 3);
  assert.ok((await customer.say('still here')).message);
  assert.ok((await customer.say('my number is +49 170 5550123')).message);
  await customer.end();
  await finish(customer);
});

test('nothing is stuck and the numbers are complete', async () => {
  await until('conversation to be ready', () => ready('conversation'));
  await sleep(500);
  const seqs = bus.events.map(e => e.meta.seq);
  assert.deepEqual(seqs, seqs.map((_s, i) => seqs[0] + i));
  assert.equal(new Set(bus.events.map(e => e.meta.boot)).size, 1);
  const left = await bus.ask('conversation', 'list_waiting', { limit: 100 });
  const ours = new Set(bus.events.map(e => e.meta.contact_id));
  assert.deepEqual(left.contacts.filter(c => ours.has(c.contact_id)), []);
});

test('no message text and no name in the logs', () => {
  for (const file of readdirSync(path.join(runDir, 'log')).filter(f => /^(conversation|ivr)/.test(f)))
    assert.doesNotMatch(readFileSync(path.join(runDir, 'log', file), 'utf8'), /still here|5550123|a note|Demo Agent/);
});
