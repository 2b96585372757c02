// A visitor walks through the shop: the tracker's answers, its events, and what bad input gets.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { json, kafkaBrokers, metric, origin, percentile, port, ready, secret, sleep, until } from '../lib/platform.mjs';
import { bus, pack, records, sign, ulid, unpack } from '../stream/wire.mjs';

const url = `http://127.0.0.1:${port('clickstream')}/v1/collect`;
const post = (body, headers = {}) => json(url, { method: 'POST', body: typeof body === 'string' ? body
  : JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers } });
const view = (at, section) => ({ type: 'page_view', url: at, title: at, section, at_ms: Date.now() });
const look = (at, dwell_ms) => ({ type: 'heartbeat', url: at, dwell_ms });
const basket = { type: 'basket', items: [{ sku: 'tent', name: 'Tent', quantity: 1, unit_price_minor: 19900 }],
  total_minor: 19900, currency: 'EUR' };
const claim = (sub, more = {}) => sign('site-key', { kind: 'identity', iss: 'shop', sub, name: 'Demo Customer',
  tier: 'gold', exp: Math.floor(Date.now() / 1000) + 300, ...more });

let nc;
before(async () => {
  await until('the tracker to be ready', () => ready('clickstream'), 20_000);
  nc = await bus();
});
after(() => nc.close());

/** The ACD says so; a real one beside us may say otherwise a moment later, so ask at once. */
async function staffed(n, wait_ms = 3000) {
  nc.publish('tl.acd.supply', pack('acd.v1.Supply', { at_us: Date.now() * 1000, queues: ['orders', 'sales', 'travel']
    .map(queue => ({ queue, staffed: n, idle: n, expected_wait_ms: n ? wait_ms : -1 })) }));
  await nc.flush();
  await sleep(30); // its thread must hand it over before the question comes by another door
}

async function invited(token, events, tries = 10) {
  for (let i = 0; i < tries; i++) {
    await staffed(1);
    const answer = await post({ token, events });
    assert.equal(answer.status, 200);
    if (answer.body.invitation) return answer.body;
  }
  throw new Error('no invitation');
}

test('at the checkout the answer itself brings the invitation, once', async () => {
  const first = await post({ events: [view('/shop/checkout', 'checkout'), basket] });
  assert.equal(first.status, 200);
  const { token, visit_id } = first.body;
  assert.match(token, /^tl1\./);
  await staffed(0);
  const nobody = await post({ token, events: [look('/shop/checkout', 60_000)] });
  assert.equal(nobody.body.invitation, undefined, 'nobody is there to answer');
  const answer = await invited(token, [look('/shop/checkout', 61_000)]);
  assert.equal(answer.visit_id, visit_id);
  assert.ok(answer.invitation.title && answer.invitation.text && answer.invitation.rule);
  assert.ok(answer.invitation.channels.includes('video'));
  await post({ token, events: [{ type: 'invitation_shown', invitation_id: answer.invitation.id },
    { type: 'invitation_dismissed', invitation_id: answer.invitation.id }] });
  await staffed(1);
  assert.equal((await post({ token, events: [look('/shop/checkout', 90_000)] })).body.invitation, undefined);
});

test('the shipped rule wants section, tier, basket, time on page and a short wait, all at once', async () => {
  const at = '/shop/checkout', worth = (total_minor, currency = 'EUR') => ({ ...basket, total_minor, currency });
  const gold = { section: 'checkout', tier: 'gold', basket: worth(3000), dwell_ms: 6000, wait_ms: 60_000 };
  for (const [what, missing] of [['another page', { section: 'product' }], ['another tier', { tier: 'standard' }],
    ['a small basket', { basket: worth(1999) }], ['another currency', { basket: worth(3000, 'USD') }],
    ['a glance', { dwell_ms: 4000 }], ['a long wait', { wait_ms: 150_000 }], ['nobody there', { wait_ms: null }]]) {
    const customer = ulid();
    let token;
    const tell = async it => {
      const events = [view(at, it.section), it.basket, look(at, it.dwell_ms)];
      await staffed(it.wait_ms === null ? 0 : 1, it.wait_ms);
      const { status, body } = await post({ token, claim: claim(customer, { tier: it.tier }), events });
      assert.equal(status, 200);
      token = body.token ?? token;
      return body.invitation;
    };
    for (let i = 0; i < 3; i++) assert.equal(await tell({ ...gold, ...missing }), undefined, what);
    let given; // the same visit with what was missing, so that nothing else was
    for (let i = 0; !given && i < 10; i++) given = await tell(gold);
    assert.equal(given?.rule, 'gold-customer-at-checkout', what);
    await post({ token, events: [{ type: 'invitation_shown', invitation_id: given.id },
      { type: 'invitation_dismissed', invitation_id: given.id }] });
    for (let i = 0; i < 3; i++) assert.equal(await tell(gold), undefined, `dismissed after ${what}`);
  }
});

function redis(args, input) {
  return execFileSync('redis-cli', ['-u', process.env.TL_REDIS_URL, '--user', 'clickstream', '--no-auth-warning', ...args],
    { env: { ...process.env, REDISCLI_AUTH: secret('redis-clickstream') }, input });
}

/** The visit goes with its idle time, and the last invitation is as much older: no rule cools down for longer. */
function halfAnHourPasses(visitor) {
  const key = `clickstream:visitor:${visitor}`;
  const kept = unpack('clickstream.v1.StoredVisitor', redis(['--raw', 'GET', key]).subarray(0, -1));
  redis(['-x', 'SET', key], pack('clickstream.v1.StoredVisitor', { ...kept, invited_at_us: kept.invited_at_us - 1800e6 }));
  redis(['DEL', `clickstream:visit:${visitor}`]);
}

test('who dismissed an invitation is not asked on the next visit; who only saw it is', async () => {
  const visit = { events: [view('/shop/checkout', 'checkout'), basket, look('/shop/checkout', 61_000)] };
  const people = [];
  for (const answer of ['invitation_dismissed', 'invitation_shown']) {
    const { token, visitor_id } = (await post({ events: [] })).body;
    const { id } = (await invited(token, visit.events)).invitation;
    await post({ token, events: [{ type: answer, invitation_id: id }] });
    await sleep(100); // saved behind the answer
    halfAnHourPasses(visitor_id);
    people.push(token);
  }
  await assert.rejects(invited(people[0], visit.events, 5), /no invitation/);
  await invited(people[1], visit.events);
});

test('the site vouches for a customer; another customer is another visitor', async () => {
  const anonymous = (await post({ events: [view('/shop/', 'catalogue')] })).body;
  const known = (await post({ token: anonymous.token, claim: claim('cust-1'), events: [] })).body;
  assert.equal(known.visitor_id, anonymous.visitor_id);
  assert.ok(known.token && known.token !== anonymous.token);
  const other = (await post({ token: known.token, claim: claim('cust-2'), events: [view('/shop/', 'catalogue')] })).body;
  assert.notEqual(other.visitor_id, known.visitor_id);
  for (const bad of [claim('x', { exp: 1 }), claim('x', { kind: 'visitor' }), `${claim('x')}x`, 'tl1.a.b']) {
    const refused = await post({ token: known.token, claim: bad, events: [] });
    assert.deepEqual([refused.status, refused.body.pointer], [401, '/claim']);
  }
});

test('a contact gets the visit with path, dwell and basket', async () => {
  const { token, visit_id, visitor_id } = (await post({ referrer: 'https://search.example/?q=tents',
    events: [view('/shop/', 'catalogue')] })).body;
  await post({ token, claim: claim('cust-7'), events: [{ type: 'page_leave', url: '/shop/', dwell_ms: 4200 },
    view('/shop/checkout', 'checkout'), basket] });
  const ask = async body => {
    const m = await nc.request('tl.cmd.clickstream.get_visit', pack('clickstream.v1.GetVisitRequest', body),
      { timeout: 5000 });
    return m.headers?.get('Nats-Service-Error-Code') ? Number(m.headers.get('Nats-Service-Error-Code'))
      : unpack('clickstream.v1.GetVisitResponse', m.data).visit;
  };
  const visit = await until('the visit', async () => {
    const v = await ask({ visit_id, visitor_id });
    return v.path?.length === 2 && v;
  });
  assert.deepEqual(visit.path.map(p => [p.url, p.section, p.dwell_ms]),
    [['/shop/', 'catalogue', 4200], ['/shop/checkout', 'checkout', 0]]);
  assert.equal(visit.basket.total_minor, 19900);
  assert.deepEqual([visit.customer_id, visit.customer_name, visit.tier], ['cust-7', 'Demo Customer', 'gold']);
  assert.equal(visit.referrer, 'https://search.example/?q=tents');
  assert.equal(await ask({ visit_id, visitor_id: ulid() }), 404);
});

test('two tabs at the same time lose nothing', async () => {
  const { token, visit_id, visitor_id } = (await post({ events: [view('/p/0', 'product')] })).body;
  await Promise.all(Array.from({ length: 20 }, (_, i) => post({ token, events: [view(`/p/${i + 1}`, 'product')] })));
  const count = async () => unpack('clickstream.v1.GetVisitResponse', (await nc.request('tl.cmd.clickstream.get_visit',
    pack('clickstream.v1.GetVisitRequest', { visit_id, visitor_id }))).data).visit.path.length;
  await until('21 pages in the path', async () => await count() === 21);
});

test('bad input is refused by its class and counted; the neighbour is unharmed', async () => {
  const { token } = (await post({ events: [view('/a', 'product')] })).body;
  const cases = [
    ['{', 400], ['', 400], ['{"events":[],"events":[]}', 400], ['{"events":[{"type":"page_view","url":"\\u0000"}]}', 400],
    ['{"events":[]} //', 400], ['\ufeff{}', 400], [`${'['.repeat(40)}${']'.repeat(40)}`, 400],
    ['{"events":[{"type":"x"}]}', 422], ['{"evil":1}', 422], [{ events: Array(51).fill(look('/a', 1)) }, 422],
    [{ events: [{ ...view('/a', 'product'), url: `/${'x'.repeat(2048)}` }] }, 422], [`{"events":"${'x'.repeat(70000)}"}`, 413],
  ];
  const before_ = await metric('clickstream', 'tl_clickstream_bad_input_total', 'edge="http"');
  for (const [body, status] of cases) {
    const res = await post(body);
    assert.equal(res.status, status, JSON.stringify(body).slice(0, 60));
    assert.equal(res.headers.get('content-type'), 'application/problem+json');
  }
  assert.equal((await post('{}', { 'Content-Type': 'text/plain' })).status, 415);
  assert.equal((await post({ events: [] }, { Origin: 'https://evil.example' })).status, 403);
  const own = await post({ events: [] }, { Origin: origin });
  assert.deepEqual([own.status, own.headers.get('access-control-allow-origin')], [200, origin]);
  assert.ok(await metric('clickstream', 'tl_clickstream_bad_input_total', 'edge="http"') >= before_ + cases.length);
  assert.equal((await post({ token, events: [] })).status, 200);
});

test('a visitor who floods is told to slow down, alone', async () => {
  const [a, b] = [(await post({ events: [] })).body.token, (await post({ events: [] })).body.token];
  const flood = await Promise.all(Array.from({ length: 150 }, () => post({ token: a, events: [] })));
  const refused = flood.filter(r => r.status === 429);
  assert.ok(refused.length >= 20);
  assert.ok(Number(refused[0].headers.get('retry-after')) > 0);
  assert.equal((await post({ token: b, events: [] })).status, 200);
});

test('clicks are in Kafka in the order of the visit', { skip: kafkaBrokers ? false : 'no Kafka broker' }, async () => {
  const { token, visit_id } = (await post({ events: [view('/1', 'product')] })).body;
  await post({ token, events: [{ type: 'page_leave', url: '/1', dwell_ms: 5 }, view('/2', 'checkout'), basket] });
  const mine = () => records('clickstream').filter(r => r.key === visit_id).sort((x, y) => x.offset - y.offset);
  await until('five records', () => mine().length >= 5, 15_000, 500);
  assert.deepEqual(mine().map(r => r.type.split('.').pop()),
    ['VisitStarted', 'PageViewed', 'PageLeft', 'PageViewed', 'BasketChanged']);
});

test('page event to answer: p99', async t => {
  const times = [], tokens = [];
  for (let i = 0; i < 50; i++) tokens.push((await post({ events: [view('/shop/checkout', 'checkout'), basket] })).body.token);
  for (let i = 0; i < 1000; i++) {
    const t0 = performance.now();
    const res = await post({ token: tokens[i % 50], events: [look('/shop/checkout', 1000 + i)] });
    if (res.status === 200) times.push(performance.now() - t0);
  }
  assert.ok(times.length > 500);
  t.diagnostic(`answers=${times.length} p50_ms=${percentile(times, 0.5).toFixed(2)} p99_ms=${percentile(times, 0.99).toFixed(2)}`);
});
