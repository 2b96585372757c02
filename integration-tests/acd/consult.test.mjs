// Advice on the whole platform: an agent asks another, who takes the contact over; the customer hangs up while
// a third part rings; and `tl why` tells it all.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { tl, until } from '../lib/platform.mjs';
import { Agent, Bus, Customer } from '../conversation/bus.mjs';

let bus, first, second;

before(async () => {
  bus = await Bus.open();
  first = new Agent(bus, 'agent-3');
  second = new Agent(bus, 'agent-2');
});

afterEach(() => Customer.leave());

after(async () => {
  for (const a of [first, second]) await a.leave();
  await bus.close();
});

/** A chat between a customer and the first agent, and the second one is ready. */
async function talk() {
  const customer = new Customer(bus);
  await first.ready();
  await customer.request('CHAT');
  await first.accept(customer.contact);
  await customer.phase('CONNECTED');
  await second.ready();
  return customer;
}

const seatOffer = seat => bus.push('agent-2', 'offer', p => p.seat_id === seat);
const rescinded = offer => bus.push('agent-2', 'offer_rescinded', p => p.offer_id === offer.offer_id);
const consult = (contact, seat) => bus.ask('acd', 'consult',
  { actor: first.actor, contact_id: contact, seat_id: seat, agent_id: 'agent-2' });
const accept = o => bus.ask('acd', 'accept', { actor: second.actor, offer_id: o.offer_id, epoch: o.epoch });
/** Until there is nothing to note any more (409: not yet). */
const wrapUp = (contact, agent) => until(`the wrap-up of ${agent}`,
  async () => !(await bus.ask('acd', 'complete_wrap_up', { contact_id: contact, agent_id: agent })).code, 15_000);
const row = async contact => (await bus.ask('acd', 'list_contacts', {})).contacts.find(c => c.contact_id === contact);

test('the one who was asked takes the contact over, and tl why tells how', async () => {
  const customer = await talk(), seat = randomUUID();
  assert.ok(!(await consult(customer.contact, seat)).code);
  const offer = await seatOffer(seat);
  assert.equal(offer.contact_id, customer.contact, 'the desk hears whose advice it is');
  assert.equal((await accept(offer)).contact_id, customer.contact);
  assert.ok(!(await bus.ask('acd', 'complete_consult',
    { actor: first.actor, contact_id: customer.contact, seat_id: seat })).code);
  const now = await row(customer.contact);
  assert.equal(now.agent_id, 'agent-2');
  assert.deepEqual(now.seats.map(s => [s.agent_id, s.state]), [['agent-3', 'wrapping']]);
  const story = await until('the stream to have it', () => {
    const told = tl('why', customer.contact);
    return /handed over/.test(told) && told;
  }, 10_000);
  assert.match(story, /consult: agent-3 asked agent-2/);
  assert.match(story, /consult: agent-2 accepted/);
  assert.match(story, /handed over from agent-3 to agent-2: transfer/);
  assert.match(story, /now connected in .*, agent-2/);
  await wrapUp(customer.contact, 'agent-3');
  await customer.end();
  await wrapUp(customer.contact, 'agent-2');
  assert.equal(await row(customer.contact), undefined);
});

test('the customer hangs up while the consult rings: it stops, and nobody is stuck', async () => {
  const customer = await talk(), seat = randomUUID();
  await consult(customer.contact, seat);
  const offer = await seatOffer(seat);
  await customer.end();
  await rescinded(offer);
  await until('the seat to be gone', async () => !(await row(customer.contact))?.seats.length, 15_000);
  assert.equal((await accept(offer)).code, 409, 'too late');
  const { state, offers } = await bus.ask('acd', 'get_agent', { agent_id: 'agent-2' });
  assert.equal(state.presence, 'AGENT_PRESENCE_READY');
  assert.deepEqual(offers, []);
  await wrapUp(customer.contact, 'agent-3');
});
