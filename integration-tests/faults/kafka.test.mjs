// Kafka goes away in the middle of traffic: it is said, calls go on, the events wait in JetStream, and
// when it is back each of them is there once and in the order of its thread.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kafkaBrokers, kill9, logSince, metric, pid, port, ready, sleep, supervisor, until } from '../lib/platform.mjs';
import * as stream from '../lib/stream.mjs';
import { Agent, Bus, Customer } from '../conversation/bus.mjs';
import { AcdProducer, bus, records, ulid } from '../stream/wire.mjs';

const skip = kafkaBrokers ? false : 'no Kafka broker on this machine';
const WINDOW = 512; // events that analytics holds itself (ANALYTICS_UNCONFIRMED_MAX)
const OTHERS = ['signaling', 'conversation', 'ivr', 'media', 'clickstream', 'cobrowse', 'portal'];

let nc, traffic;

before(async () => {
  if (skip) return;
  await until('analytics to be ready', () => ready('analytics'), 20_000);
  nc = await bus();
  traffic = new Traffic();
});

after(async () => {
  traffic?.stop();
  if (!skip) supervisor('start', 'kafka'); // whatever happened
  await nc?.close();
});

/** Events of five threads, told steadily until stop(); burst() tells many at once. */
class Traffic {
  acd = new AcdProducer(nc);
  threads = Array.from({ length: 5 }, ulid);
  told = []; // { id, thread } in the order of telling
  sending = [];

  tell() {
    const thread = this.threads[this.told.length % this.threads.length];
    const e = this.acd.make('contact_queued', { queue: 'story' }, { thread, contact: '' });
    this.told.push({ id: e.id, thread });
    this.sending.push(this.acd.send(e, e.id, 20_000));
  }

  start() {
    this.timer ??= setInterval(() => this.tell(), 20);
  }

  async burst(n) {
    for (let i = 0; i < n; i++) this.tell();
    await Promise.all(this.sending.splice(0));
  }

  async stop() {
    clearInterval(this.timer);
    this.timer = undefined;
    await Promise.all(this.sending.splice(0));
  }

  async allInKafkaOnceAndInOrder() {
    const mine = new Set(this.told.map(t => t.id));
    const found = () => records('acd').filter(r => mine.has(r.id)).sort((a, b) => a.offset - b.offset);
    await until('Kafka to have all', () => new Set(found().map(r => r.id)).size === mine.size, 60_000, 1000);
    const got = found();
    assert.equal(got.length, mine.size, 'nothing twice');
    for (const thread of this.threads)
      assert.deepEqual(got.filter(r => r.key === thread).map(r => r.id),
        this.told.filter(t => t.thread === thread).map(t => t.id), 'in order');
  }
}

const needs = async () => (await (await fetch(`http://127.0.0.1:${port('analytics')}/readyz`)).json()).needs;

/** Events that JetStream has and that analytics was not yet given. */
async function waitingInJetStream() {
  const info = await (await nc.jetstreamManager()).consumers.info('EVENTS', 'analytics-kafka');
  return info.num_pending;
}

test('it stops in the middle of traffic: readiness, a metric and a log line say so', { skip }, async () => {
  const said = logSince('analytics');
  traffic.start();
  await sleep(1000);
  supervisor('stop', 'kafka');
  await until('analytics to say that it is not ready', async () => !await ready('analytics'));
  assert.deepEqual(await needs(), { nats: true, kafka: false });
  assert.equal((await fetch(`http://127.0.0.1:${port('analytics')}/healthz`)).status, 200, 'alive all the same');
  assert.equal(await metric('analytics', 'tl_analytics_ready'), 0);
  await until('the log line', () => /"msg":"not ready: a need is missing","need":"kafka"/.test(said()));
});

test('the other services do not need it: a contact goes from Help to the survey', { skip }, async () => {
  for (const svc of OTHERS) assert.ok(await ready(svc), `${svc} is ready`);
  const people = await Bus.open(), agent = new Agent(people, 'agent-3'), customer = new Customer(people);
  await agent.ready();
  await customer.request('CHAT');
  await agent.accept(customer.contact);
  await customer.phase('CONNECTED');
  await customer.end();
  await agent.wrapUp(customer.contact);
  traffic.contact = customer.contact;
  await agent.leave();
  await people.close();
});

test('what is more than analytics holds waits in JetStream, also when analytics dies', { skip }, async () => {
  await traffic.burst(3 * WINDOW);
  await until('events to wait in the stream', async () => await waitingInJetStream() > WINDOW, 15_000, 200);
  await until('the metric', async () => await metric('analytics', 'tl_analytics_kafka_waiting', 'EVENTS') >= WINDOW / 2);
  const old = kill9('analytics');
  await until('a new analytics', () => pid('analytics') > 1 && pid('analytics') !== old);
  await until('analytics to answer', () => needs());
  assert.equal(await ready('analytics'), false, 'and it is not ready either');
  await traffic.burst(10);
});

test('it is back: ready by itself, everything in Kafka once and in order', { skip }, async () => {
  const said = logSince('analytics');
  supervisor('start', 'kafka');
  await until('analytics to be ready', () => ready('analytics'), 40_000);
  assert.match(said(), /"msg":"kafka connected"/);
  await sleep(500);
  await traffic.stop();
  await traffic.allInKafkaOnceAndInOrder();
  await until('nothing to wait any more', async () => await waitingInJetStream() === 0
    && await metric('analytics', 'tl_analytics_kafka_waiting', 'EVENTS') === 0, 15_000, 200);

  const story = (await stream.read('conversation', [])).filter(e => e.meta.contact_id === traffic.contact)
    .sort((a, b) => a.offset - b.offset);
  assert.deepEqual(story.map(e => e.name).filter(n => n !== 'contact_repaired'), ['contact_requested', 'contact_routed',
    'contact_connected', 'contact_ended', 'wrap_up_completed'], 'the contact of the dark time, too');
});

test('it is killed -9 in the middle of traffic: everything once and in order', { skip }, async () => {
  traffic.start();
  await sleep(500);
  const old = kill9('kafka');
  await until('a new broker', () => pid('kafka') > 1 && pid('kafka') !== old);
  await sleep(2000);
  await traffic.stop();
  await traffic.allInKafkaOnceAndInOrder();
  await until('analytics to be ready', () => ready('analytics'), 30_000);
});
