// Bad input at the edges: each class gets its answer, is counted, and harms nobody else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { connectBus } from '../lib/bus.mjs';
import { metric, origin, port, until } from '../lib/platform.mjs';
import { agentToken, raw, Session, ticket, visitor } from '../lib/wire.mjs';

const gateway = port('signaling');
const tracker = port('clickstream');
let neighbour, token; // a session that must never notice anything

const request = (lines, body = '') => `${lines.join('\r\n')}\r\n\r\n${body}`;
const host = `Host: 127.0.0.1:${gateway}`;

async function neighbourLives() {
  const answer = await neighbour.say({ typing: { contact_id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', on: true } });
  assert.ok(answer.ok || answer.error, 'the neighbour still gets answers');
}

before(async () => {
  token = (await visitor()).token;
  neighbour = await Session.open(token);
});

after(() => neighbour?.close());

const HTTP = [
  ['a space before the colon', request(['GET /healthz HTTP/1.1', 'Host : x']), [400]],
  ['a folded header', request(['GET /healthz HTTP/1.1', host, 'X: a', ' b']), [400]],
  ['no Host', request(['GET /healthz HTTP/1.1']), [400]],
  ['two Hosts', request(['GET /healthz HTTP/1.1', host, 'Host: other']), [400]],
  ['Content-Length and Transfer-Encoding', request(['POST /v1/sessions HTTP/1.1', host, 'Content-Length: 2',
    'Transfer-Encoding: chunked'], '0\r\n\r\n'), [400]],
  ['two Content-Lengths', request(['POST /v1/sessions HTTP/1.1', host, 'Content-Length: 2', 'Content-Length: 3'], '{}'), [400]],
  ['a chunk size that is none', request(['POST /v1/sessions HTTP/1.1', host, 'Content-Type: application/json',
    'Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'), [400]],
  ['an unknown method', request(['BREW /healthz HTTP/1.1', host]), [501, 405]],
  ['a known method in the wrong place', request(['DELETE /v1/sessions HTTP/1.1', host]), [405]],
  ['a URI over 8 KiB', request([`GET /${'a'.repeat(9000)} HTTP/1.1`, host]), [414]],
  ['headers over 32 KiB', request(['GET /healthz HTTP/1.1', host, `X: ${'a'.repeat(40000)}`]), [431]],
  ['over 100 headers', request(['GET /healthz HTTP/1.1', host, ...Array.from({ length: 120 }, (_, i) => `X-${i}: 1`)]), [431]],
  ['a body over its limit', request(['POST /v1/sessions HTTP/1.1', host, 'Content-Type: application/json',
    'Content-Length: 9999999'], '{'), [413]],
  ['no length', request(['POST /v1/sessions HTTP/1.1', host, 'Content-Type: application/json']), [411, 400]],
  ['the wrong type', request(['POST /v1/sessions HTTP/1.1', host, 'Content-Type: text/plain', 'Content-Length: 2'], '{}'), [415]],
  ['HTTP/1.0 asking for an upgrade', request(['GET /v1/ws HTTP/1.0', host, `Origin: ${origin}`, 'Connection: Upgrade', 'Upgrade: websocket',
    'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']), [400]],
  ['an HTTP version from the future', request(['GET /healthz HTTP/3.7', host]), [505, 400]],
  ['an unknown expectation', request(['POST /v1/sessions HTTP/1.1', host, 'Content-Type: application/json',
    'Content-Length: 2', 'Expect: the-unexpected'], '{}'), [417]],
  ['an unknown path', request(['GET /nowhere HTTP/1.1', host]), [404]],
];

for (const [what, bytes, want] of HTTP)
  test(`HTTP: ${what}: ${want[0]}`, async () => {
    const { status, text } = await raw(gateway, bytes);
    assert.ok(want.includes(status), `got ${status}: ${text.slice(0, 120)}`);
    await neighbourLives();
  });

test('HTTP: a request line that is none: 400 at the one origin, a closed connection behind it', async () => {
  assert.equal((await raw(Number(process.env.TL_PORT_BASE), 'HELLO\r\n\r\n')).status, 400);
  const { status, closed } = await raw(gateway, 'HELLO\r\n\r\n');
  assert.ok(status === 400 || closed);
});

const post = (path, body, headers = {}) => fetch(origin + path, { method: 'POST', body,
  headers: { 'content-type': 'application/json', origin, ...headers } });

test('JSON: junk gets 400 with problem+json and a pointer; what does not fit too', async () => {
  const deep = '['.repeat(40) + ']'.repeat(40);
  for (const body of ['', '{', '{"a":1,"a":2}', '\ufeff{}', '{"events":NaN}', '{} x', `{"events":${deep}}`,
    '{"token":"\\ud800"}', '{"token":"\\u0000"}', '{/**/}', '{"events":1e999}']) {
    const res = await post('/v1/collect', body);
    assert.equal(res.status, 400, body);
    assert.match(res.headers.get('content-type'), /problem\+json/, body);
  }
  const res = await post('/v1/collect', '{"events":[{"type":"page_view","url":7}]}');
  assert.ok([400, 422].includes(res.status));
  assert.match(JSON.stringify(await res.json()), /url/, 'the answer names the place');
  assert.ok(await metric('clickstream', 'tl_clickstream_bad_input_total') > 0, 'counted');
});

test('a foreign origin, a used ticket, a made-up ticket and no ticket stay outside', async () => {
  const status = async (protocols, headers) => new Promise(done => {
    const ws = new WebSocket(`${origin.replace('http', 'ws')}/v1/ws`, protocols, headers);
    ws.on('unexpected-response', (_req, res) => done(res.statusCode));
    ws.on('open', () => { ws.close(); done(101); });
    ws.on('error', () => {});
  });
  assert.equal(await status(['threadline.v1', `ticket.${await ticket(token)}`], { origin: 'https://evil.example' }), 403);
  assert.equal(await status(['threadline.v1'], { origin }), 401);
  assert.equal(await status(['threadline.v1', 'ticket.01ARZ3NDEKTSV4RRFFQ69G5FAV'], { origin }), 401);
  const used = await ticket(token);
  assert.equal(await status(['threadline.v1', `ticket.${used}`], { origin }), 101);
  assert.equal(await status(['threadline.v1', `ticket.${used}`], { origin }), 401);
  await neighbourLives();
});

async function closesWith(code, send) {
  const s = await Session.open((await visitor()).token);
  send(s.socket);
  assert.equal(await Promise.race([s.closed, new Promise(done => setTimeout(done, 15_000, 'still open'))]), code);
}

/** A client frame by hand. */
function frame(first, payload, { masked = true } = {}) {
  const body = Buffer.from(payload);
  const head = body.length < 126 ? Buffer.from([first, (masked ? 0x80 : 0) | body.length])
    : Buffer.from([first, (masked ? 0x80 : 0) | 126, body.length >> 8, body.length & 255]);
  return masked ? Buffer.concat([head, Buffer.alloc(4), body]) : Buffer.concat([head, body]); // mask of zeros
}

const WS = [
  ['an unmasked frame', 1002, s => s._socket.write(frame(0x81, '{}', { masked: false }))],
  ['a reserved bit', 1002, s => s._socket.write(frame(0xc1, '{}'))],
  ['a reserved opcode', 1002, s => s._socket.write(frame(0x83, '{}'))],
  ['a fragmented ping', 1002, s => s._socket.write(frame(0x09, 'x'))],
  ['a ping over 125 bytes', 1002, s => s._socket.write(frame(0x89, 'x'.repeat(200)))],
  ['a continuation of nothing', 1002, s => s._socket.write(frame(0x80, 'x'))],
  ['text that is not UTF-8', 1007, s => s._socket.write(frame(0x81, Buffer.from([0xff, 0xfe])))],
  ['binary where text belongs', 1003, s => s.send(Buffer.from([1, 2, 3]))],
  ['a message over 64 KiB', 1009, s => s.send(JSON.stringify({ id: 'x'.repeat(70000) }))],
  ['text that is not JSON', 1008, s => s.send('{"id":')],
  ['a member that does not exist', 1008, s => s.send('{"id":"1","open_the_safe":{}}')],
  ['what a customer may not say', 1008, s => s.send('{"id":"1","set_agent_state":{"ready":true}}')],
  ['a flood of messages', 1008, s => { for (let i = 0; i < 400; i++) s.send('{"id":"1","typing":{"contact_id":"x"}}'); }],
  ['a flood of pings', 1008, s => { for (let i = 0; i < 200; i++) s.ping(); }],
];

for (const [what, code, send] of WS)
  test(`WebSocket: ${what}: ${code}`, async () => {
    await closesWith(code, send);
    await neighbourLives();
  });

test('an id that is not yours does not exist', async () => {
  const stranger = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
  for (const body of [{ end_contact: { contact_id: stranger } }, { send_message: { contact_id: stranger, text: 'hi' } },
    { cobrowse_consent: { contact_id: stranger, granted: true } }, { answer_survey: { contact_id: stranger, score: 5 } }]) {
    const answer = await neighbour.say(body);
    assert.equal(answer.error?.code, 404, JSON.stringify(answer));
  }
});

test('an agent cannot accept what was not offered', async () => {
  const s = await Session.open(await agentToken('agent-3'));
  const answer = await s.say({ accept_offer: { offer_id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', epoch: 1 } });
  assert.ok([404, 409].includes(answer.error?.code), JSON.stringify(answer));
  await s.close();
});

test('protobuf junk on the bus is refused and counted, and the service goes on', async () => {
  const nc = await connectBus();
  const junk = [Buffer.from([0x0a, 0x05, 0x41]), Buffer.from('ffffffffffffffffffff01', 'hex'), Buffer.from([0x0a, 0x02, 0xff, 0xfe]),
    Buffer.alloc(300 * 1024), Buffer.from([0x0f])];
  for (const subject of ['tl.cmd.conversation.request_contact', 'tl.cmd.acd.p0.enqueue', 'tl.cmd.media.m1.offer_leg',
    'tl.cmd.ivr.start_flow', 'tl.cmd.cobrowse.open_room', 'tl.cmd.clickstream.get_visit'])
    for (const bytes of junk) {
      const reply = await nc.request(subject, bytes, { timeout: 2000 }).catch(e => e);
      const code = reply.headers?.get('Nats-Service-Error-Code');
      assert.ok(code === '400' || code === '422' || code === '413' || (bytes.length > 200000 && reply.code === 'TIMEOUT'),
        `${subject} answered ${code ?? reply.message}`);
    }
  await nc.close();
  assert.ok(await metric('acd', 'tl_acd_bad_input_total') + await metric('standby_acd', 'tl_acd_bad_input_total') > 0,
    'the owner of the partition counted it');
  for (const svc of ['conversation', 'media', 'ivr', 'cobrowse', 'clickstream'])
    assert.ok(await metric(svc, `tl_${svc}_bad_input_total`) > 0, `${svc} counted it`);
  await neighbourLives();
});

test('a poisonous event goes to the dead letters and the stream goes on', async () => {
  const nc = await connectBus();
  const js = nc.jetstream();
  const dead = nc.subscribe('tl.dlq.tl.events.conversation.>', { max: 1 });
  await js.publish('tl.events.conversation.contact_ended.T', Buffer.from([0xff, 0xff]), { msgID: `poison-${Date.now()}` });
  const got = await Promise.race([(async () => { for await (const m of dead) return m; })(),
    new Promise(done => setTimeout(done, 15_000))]);
  assert.ok(got, 'in the dead letters');
  assert.ok(got.headers.get('Tl-Reason'), 'with a reason');
  await nc.close();
  await until('analytics to be ready', async () => (await fetch(`http://127.0.0.1:${port('analytics')}/readyz`)).status === 200);
});

test('a crowd of bad clients does not slow the good one down for ever', async () => {
  await Promise.all(Array.from({ length: 200 }, (_, i) => raw(i % 2 ? gateway : tracker, `GET /${'x'.repeat(i * 50)}\r\n\r\n`, 800)));
  await neighbourLives();
});
