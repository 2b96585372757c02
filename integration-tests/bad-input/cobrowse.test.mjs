// Frames that no honest browser sends into a co-browse room: dropped and counted by class; the third strike ends the room.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';
import { connectBus } from '../lib/bus.mjs';
import { metric, origin, sleep, until } from '../lib/platform.mjs';
import { pack, type, ulid } from '../stream/wire.mjs';
import { counted, Neighbour, NOBODY } from './edge.mjs';

let nc, neighbour;

before(async () => {
  nc = await connectBus();
  neighbour = await Neighbour.moveIn();
});
after(() => Promise.all([neighbour?.leave(), nc?.close()]));

afterEach(() => Side.all.splice(0).forEach(s => s.ws.terminate()));

/** One side of a room. */
class Side {
  static all = [];
  heard = [];

  constructor(ticket, headers = { origin }) {
    this.ws = new WebSocket(`${origin.replace('http', 'ws')}/v1/cobrowse`, ['threadline.cobrowse.v1', `ticket.${ticket}`], headers);
    this.ws.on('message', data => this.heard.push(String(data)));
    this.ws.on('error', () => {});
    Side.all.push(this);
    this.closed = new Promise(done => this.ws.on('close', done));
    this.open = new Promise(done => {
      this.ws.on('open', () => done(101));
      this.ws.on('unexpected-response', (req, res) => { done(res.statusCode); req.destroy(); });
    });
  }

  say(frame) {
    this.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  hears(what) {
    return until(`${what} to be heard`, () => this.heard.some(h => h.includes(what)), 20_000, 20);
  }
}

const node = (id, tagName, attributes = {}, childNodes = []) => ({ type: 2, id, tagName, attributes, childNodes });
const picture = (seq, ...children) => ({ t: 'full', seq, d: { type: 2, timestamp: 1, data: { node: { type: 0, id: 1,
  childNodes: [node(2, 'html', {}, children)] }, initialOffset: { left: 0, top: 0 } } } });
const added = (seq, what, parentId = 2) => ({ t: 'ev', seq, d: { type: 3, data: { source: 0, adds: [{ parentId, nextId: null, node: what }],
  removes: [], texts: [], attributes: [] } } });

async function tickets() {
  const m = await nc.request('tl.cmd.cobrowse.open_room', pack('cobrowse.v1.OpenRoomRequest', { contact_id: ulid(), thread_id: ulid(),
    customer_session_id: ulid(), agent_id: 'agent-1' }), { timeout: 3000 });
  return type('cobrowse.v1.OpenRoomResponse').decode(m.data);
}

/** Both are in, and the agent sees the first picture. */
async function room() {
  const { customer_ticket, agent_ticket } = await tickets();
  const customer = new Side(customer_ticket), agent = new Side(agent_ticket);
  assert.deepEqual(await Promise.all([customer.open, agent.open]), [101, 101]);
  customer.say(picture(1, node(3, 'p', { id: 'first' })));
  await agent.hears('"first"');
  return { customer, agent };
}

const FRAMES = [ // what, class, frame with its number
  ['what is no JSON', 'junk', () => '{"t":'],
  ['an unknown frame', 'junk', seq => ({ t: 'eval', seq })],
  ['an event where a picture belongs', 'type', seq => ({ t: 'full', seq, d: { type: 4, data: {} } })],
  ['a script', 'script', seq => picture(seq, node(10, 'script'))],
  ['an event handler', 'handler', seq => picture(seq, node(10, 'img', { onerror: 'alert(1)' }))],
  ['a javascript: address', 'url', seq => picture(seq, node(10, 'a', { href: ' java\tscript:alert(1)' }))],
  ['a frame with foreign contents', 'frame', seq => picture(seq, node(10, 'iframe', { srcdoc: '<p>x' }))],
];

for (const [what, cls, frame] of FRAMES)
  test(`${what}: dropped, never seen by the agent; the third ends the room with 1008`, async () => {
    const { customer, agent } = await room();
    const strikes = await metric('cobrowse', 'tl_cobrowse_strikes_total');
    for (let i = 0; i < 3; i++)
      await counted('cobrowse', 'cobrowse', cls, () => customer.say(frame(2 + i)));
    assert.equal(await Promise.race([customer.closed, sleep(5000).then(() => 'still open')]), 1008);
    await agent.hears('"stop"');
    await customer.hears('"stop"');
    assert.ok(await metric('cobrowse', 'tl_cobrowse_strikes_total') >= strikes + 3);
    assert.ok(!agent.heard.some(h => /alert|eval|"script"|srcdoc/.test(h)), 'the agent has seen nothing of it');
    await neighbour.lives();
  });

test('one such frame is survived: the picture goes on', async () => {
  const { customer, agent } = await room();
  await counted('cobrowse', 'cobrowse', 'script', () => customer.say(added(2, node(10, 'script'))));
  customer.say(picture(3, node(4, 'p', { id: 'second' })));
  await agent.hears('"second"');
});

test('a node that nobody knows is no strike: a new picture is asked for', async () => {
  const { customer, agent } = await room();
  await counted('cobrowse', 'cobrowse', 'stray', () => customer.say(added(2, node(10, 'p'), 999)));
  await customer.hears('"need_full"');
});

test('over 200 events a second: the rest is dropped and counted', async () => {
  const { customer, agent } = await room();
  await counted('cobrowse', 'cobrowse', 'rate', () => {
    for (let i = 0; i < 3000; i++) customer.say({ t: 'ev', seq: 2 + i, d: { type: 3, data: { source: 1, positions: [] } } });
  });
  await neighbour.lives();
});

test('a picture over 2 MiB: 1009', async () => {
  const { customer, agent } = await room();
  await counted('cobrowse', 'websocket', 'large', () => customer.say(picture(2, node(3, 'p', { id: 'x'.repeat(2200000) }))));
  assert.equal(await Promise.race([customer.closed, sleep(5000).then(() => 'still open')]), 1009);
});

test('a foreign origin, a used ticket and a made-up one stay outside', async () => {
  const { customer_ticket } = await tickets();
  await counted('cobrowse', 'http', 'origin', async () =>
    assert.equal(await new Side(customer_ticket, { origin: 'https://evil.example' }).open, 403));
  const used = new Side(customer_ticket);
  assert.equal(await used.open, 101);
  for (const ticket of [customer_ticket, NOBODY])
    await counted('cobrowse', 'http', 'ticket', async () => assert.equal(await new Side(ticket).open, 401));
});
