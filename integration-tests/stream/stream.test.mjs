// The way of an event: JetStream, then Kafka, once and in order; what is junk or missing is said aloud.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kafkaBrokers, kill9, metric, ready, until } from '../lib/platform.mjs';
import { AcdProducer, bus, records, ulid, unpack } from './wire.mjs';

let nc;
const skip = kafkaBrokers ? false : 'no Kafka broker on this machine';

before(async () => {
  await until('analytics to be ready', () => ready('analytics'), 20_000);
  nc = await bus();
});
after(() => nc.close());

const found = ids => {
  const wanted = new Set(ids);
  return records('acd').filter(r => wanted.has(r.id));
};

test('events of a thread are in Kafka once, in order, under its id', { skip }, async () => {
  const acd = new AcdProducer(nc), thread = ulid(), ids = [];
  for (let i = 0; i < 50; i++)
    ids.push(await acd.tell('contact_queued', { queue: 'story' }, { thread, contact: ulid() }));
  await until('Kafka to have them', () => found(ids).length >= ids.length, 30_000, 500);
  const got = found(ids).sort((a, b) => a.offset - b.offset);
  assert.deepEqual(got.map(r => r.id), ids);
  assert.ok(got.every(r => r.key === thread && r.partition === got[0].partition));
});

test('an event that is published twice is one record', { skip }, async () => {
  const acd = new AcdProducer(nc), thread = ulid();
  const e = acd.make('contact_queued', { queue: 'story' }, { thread, contact: ulid() });
  await acd.send(e, ulid());
  await acd.send(e, ulid()); // JetStream cannot know: another message id
  const last = await acd.tell('contact_queued', { queue: 'story' }, { thread, contact: ulid() });
  await until('Kafka to have the last', () => found([last]).length, 30_000, 500);
  assert.equal(found([e.id]).length, 1);
});

test('junk goes to the dead letters with its reason, and others go on', { skip }, async () => {
  const acd = new AcdProducer(nc), thread = ulid();
  const reasons = []; // conversation reads the ACD's events too, and has its own word for junk
  const dead = nc.subscribe('tl.dlq.tl.events.>', { callback: (_e, m) => reasons.push(m.headers.get('Tl-Reason')) });
  const before_ = await metric('analytics', 'tl_analytics_bad_input_total', 'edge="nats",class="malformed"');
  await nc.jetstream().publish(`tl.events.acd.contact_queued.${thread}`, Buffer.from([0xff, 0xff]), { msgID: ulid() });
  const id = await acd.tell('contact_queued', { queue: 'story' }, { thread, contact: ulid() });
  await until('its reason in the dead letters', () => reasons.includes('not a message of its schema'));
  dead.unsubscribe();
  await until('the neighbour to be in Kafka', () => found([id]).length, 30_000, 500);
  assert.equal(await metric('analytics', 'tl_analytics_bad_input_total', 'edge="nats",class="malformed"'), before_ + 1);
});

test('the board shows the queue as it is', async () => {
  const acd = new AcdProducer(nc), queue = `board-${ulid().slice(-6).toLowerCase()}`, now = Date.now();
  let board;
  const sub = nc.subscribe('tl.analytics.board', { callback: (_e, m) => {
    board = unpack('signaling.v1.Board', m.data).queues.find(q => q.queue === queue) ?? board;
  } });
  const [c1, c2, c3] = [ulid(), ulid(), ulid()];
  for (const c of [c1, c2, c3])
    await acd.tell('contact_queued', { queue, enqueued_at_us: now * 1000 }, { thread: ulid(), contact: c });
  await acd.tell('offer_accepted', { offer_id: ulid(), agent_id: 'story-agent', queue, waited_ms: 4000 },
    { thread: ulid(), contact: c1 });
  await acd.tell('contact_dequeued', { queue, cause: 'customer_left', waited_ms: 30000 }, { thread: ulid(), contact: c2 });
  await until('the board', () => board?.offered === 3 && board.abandoned === 1);
  assert.equal(board.answered, 1);
  assert.equal(board.waiting, 1);
  assert.equal(board.connected, 1);
  assert.equal(board.asa_ms, 4000);
  assert.equal(board.service_level, 0.5);
  assert.match(board.service_level_formula, /^SL 20 s/);
  assert.ok(board.longest_wait_ms >= 0 && board.longest_wait_ms < 30_000);
  await acd.tell('contact_dequeued', { queue, cause: 'closed', waited_ms: 1 }, { thread: ulid(), contact: c3 });
  await acd.tell('contact_released', { agent_id: 'story-agent', queue, talked_ms: 1 }, { thread: ulid(), contact: c1 });
  sub.unsubscribe();
});

test('a killed analytics loses nothing, doubles nothing and rebuilds its board', { skip }, async () => {
  const acd = new AcdProducer(nc), thread = ulid(), ids = [];
  const send = n => Promise.all(Array.from({ length: n }, () => {
    const e = acd.make('contact_queued', { queue: 'story' }, { thread, contact: '' });
    ids.push(e.id);
    return acd.send(e);
  }));
  await send(1500);
  kill9('analytics');
  await send(500);
  await until('Kafka to have all', () => new Set(found(ids).map(r => r.id)).size === ids.length, 60_000, 1000);
  const got = found(ids).sort((a, b) => a.offset - b.offset).map(r => r.id);
  assert.equal(got.length, ids.length, 'no record twice');
  assert.deepEqual(got, ids);
  await until('analytics to be ready', () => ready('analytics'), 20_000);
});

test('a number that is missing is found', async () => {
  const acd = new AcdProducer(nc);
  acd.name = `acd.${ulid().slice(-6)}`;
  const before_ = await metric('analytics', 'tl_analytics_missing_events_total');
  await acd.tell('contact_queued', { queue: 'story' }, { thread: ulid() });
  acd.skip(2);
  const sub = nc.subscribe('tl.events.analytics.gap_found.>');
  await acd.tell('contact_queued', { queue: 'story' }, { thread: ulid() });
  for await (const m of sub) {
    const e = unpack('analytics.v1.AnalyticsEvent', m.data).gap_found;
    if (e.producer !== acd.name) continue; // another story's
    assert.deepEqual([e.boot, e.first_missing, e.last_missing], [acd.boot, 2, 3]);
    break;
  }
  assert.ok(await metric('analytics', 'tl_analytics_missing_events_total') >= before_ + 2);
});
