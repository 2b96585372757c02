// Bytes on the bus that no service of ours sends: refused by their class and counted; events go to the dead letters.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectBus } from '../lib/bus.mjs';
import { metric, ready, until } from '../lib/platform.mjs';
import { Neighbour } from './edge.mjs';

let neighbour, nc;

before(async () => {
  neighbour = await Neighbour.moveIn();
  nc = await connectBus();
});
after(() => Promise.all([neighbour?.leave(), nc?.close()]));

const varint = n => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
const field = (number, bytes) => Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length), ...bytes]);
const nested = depth => (depth ? field(1, nested(depth - 1)) : Buffer.alloc(0));

const JUNK = [ // what, bytes, codes
  ['cut off in the middle', Buffer.from([0x0a, 0x05, 0x41]), ['400']],
  ['a number of eleven bytes', Buffer.from('08ffffffffffffffffffff01', 'hex'), ['400']],
  ['text that is not UTF-8', field(1, [0xff, 0xfe]), ['400', '422']],
  ['a field of an unknown wire type', Buffer.from([0x0f]), ['400']],
  ['messages in messages, 2000 deep', nested(2000), ['400', '422']],
  ['nothing at all', Buffer.alloc(0), ['400', '422']],
  ['300 KiB', Buffer.alloc(300 * 1024), ['413']],
];

const DOORS = [
  ['conversation', 'tl.cmd.conversation.request_contact'], ['conversation', 'tl.cmd.conversation.end_contact'],
  ['acd', 'tl.cmd.acd.p0.enqueue'], ['media', 'tl.cmd.media.m1.offer_leg'], ['ivr', 'tl.cmd.ivr.start_flow'],
  ['cobrowse', 'tl.cmd.cobrowse.open_room'], ['clickstream', 'tl.cmd.clickstream.get_visit'],
];

/** Of both ACDs, whichever owns the partition. */
const badInputs = async svc => await metric(svc, `tl_${svc}_bad_input_total`)
  + (svc === 'acd' ? await metric('standby_acd', 'tl_acd_bad_input_total') : 0);

for (const [svc, subject] of DOORS)
  test(`junk to ${subject} is refused and counted, the service goes on`, async () => {
    for (const [what, bytes, codes] of JUNK) {
      const before_ = await badInputs(svc);
      const reply = await nc.request(subject, bytes, { timeout: 3000 });
      const code = reply.headers?.get('Nats-Service-Error-Code');
      assert.ok(codes.includes(code), `${what}: ${code}`);
      await until(`${what} to be counted`, async () => await badInputs(svc) > before_, 3000);
    }
    await neighbour.lives();
  });

test('an unknown method is refused, or nobody is there to hear it', async () => {
  for (const svc of ['conversation', 'acd.p0', 'ivr', 'cobrowse', 'clickstream']) {
    const reply = await nc.request(`tl.cmd.${svc}.open_the_safe`, Buffer.alloc(0), { timeout: 2000 }).catch(e => e);
    const code = reply.headers?.get('Nats-Service-Error-Code');
    assert.ok(['404', '400'].includes(code) || reply.code === '503', `${svc}: ${code ?? reply.code}`);
  }
  await neighbour.lives();
});

test('poisonous events go to the dead letters with their reason, and the streams go on', async () => {
  const js = nc.jetstream(), reasons = new Map();
  const dead = nc.subscribe('tl.dlq.>', { callback: (_e, m) => reasons.set(m.subject, m.headers?.get('Tl-Reason')) });
  for (const [svc, event, thread] of [['conversation', 'contact_ended', 'T1'], ['acd', 'contact_queued', 'T2'], ['media', 'legs_connected', 'T3']])
    for (const bytes of [Buffer.from([0xff, 0xff]), field(1, [0xff])])
      await js.publish(`tl.events.${svc}.${event}.${thread}`, bytes, { msgID: `poison-${svc}-${bytes.length}-${Date.now()}` });
  for (const [svc, event, thread] of [['conversation', 'contact_ended', 'T1'], ['acd', 'contact_queued', 'T2'], ['media', 'legs_connected', 'T3']])
    await until(`${svc}'s in the dead letters, with a reason`, () => reasons.get(`tl.dlq.tl.events.${svc}.${event}.${thread}`), 15_000);
  dead.unsubscribe();
  await until('analytics to be ready', () => ready('analytics'));
  await until('conversation to be ready', () => ready('conversation'));
  await neighbour.lives();
});
