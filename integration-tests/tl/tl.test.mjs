// The command line beside a running system: what an operator types first.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ready, tl, until } from '../lib/platform.mjs';
import { AcdProducer, bus, ulid } from '../stream/wire.mjs';

let nc;
before(async () => {
  await until('analytics to be ready', () => ready('analytics'), 20_000);
  nc = await bus();
});
after(() => nc.close());

test('tl status shows every service with its port, the standby too', async () => {
  const rows = await until('all to be ready', () => {
    const lines = tl('status').trim().split('\n').slice(1).map(l => l.split(/\s{2,}/));
    return lines.every(([, port, state]) => /^\d+$/.test(port) && state === 'ready') && lines;
  }, 20_000);
  const names = rows.map(r => r[0]);
  for (const name of ['signaling-gateway', 'media-relay', 'conversation', 'ivr', 'acd', 'acd (standby)', 'clickstream-tracker',
    'cobrowse-relay', 'analytics', 'portal'])
    assert.ok(names.includes(name), name);
});

test('tl tail shows one thread, as lines and as JSON, and nothing of its neighbour', async () => {
  const acd = new AcdProducer(nc), thread = ulid(), other = ulid(), contact = ulid();
  await acd.tell('contact_queued', { queue: 'story' }, { thread: other, contact: ulid() });
  await acd.tell('contact_queued', { queue: 'story' }, { thread, contact });
  const line = tl('tail', '--thread', thread, '--since', '1m', '--count', '1');
  assert.match(line, /acd/);
  assert.match(line, new RegExp(contact));
  assert.ok(!line.includes(other));
  const json = JSON.parse(tl('tail', '--thread', thread, '--since', '1m', '--count', '1', '--json'));
  assert.equal(json.event.meta.thread_id, thread);
});

test('tl why tells a finished contact from the stream, and says when it knows nothing', async () => {
  const acd = new AcdProducer(nc), thread = ulid(), contact = ulid();
  await acd.tell('contact_queued', { queue: 'story' }, { thread, contact });
  await acd.tell('contact_dequeued', { queue: 'story', cause: 'customer_left' }, { thread, contact });
  const story = tl('why', contact).trim().split('\n');
  assert.equal(story.length, 2, story.join('\n'));
  assert.match(story[0], /story/);
  assert.throws(() => tl('why', ulid()), e => e.status !== 0 && /nothing is known/.test(String(e.stderr)));
});

test('tl says what is wrong with an option, and what there is', () => {
  assert.throws(() => tl('tail', '--thred', 'x'), e => e.status !== 0 && /--thred/.test(String(e.stderr)));
  assert.match(tl('--help'), /status[\s\S]*tail[\s\S]*why/);
});
