// One address opens too much, the gateway is full, a customer says nothing: refused politely, and the others go on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { origin } from '../lib/platform.mjs';
import { visitor } from '../lib/wire.mjs';
import { ownGateway } from './gateway.mjs';

const port = Number(process.env.TL_PORT_BASE) + 31, here = `http://127.0.0.1:${port}`;
let gateway, token;

before(async () => {
  token = (await visitor()).token;
  gateway = await ownGateway(port, { TL_SIGNALING_PEER_RATE: '1', TL_SIGNALING_PEER_BURST: '4', TL_SIGNALING_SOCKETS_MAX: '1',
    TL_SIGNALING_IDLE_S: '2' });
});
after(() => gateway?.end());

const session = peer => fetch(`${here}/v1/sessions`, { method: 'POST', body: '{}',
  headers: { 'content-type': 'application/json', origin, authorization: `Bearer ${token}`, 'x-real-ip': peer } });

const connect = (peer, ticket) => new Promise(done => {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, ['threadline.v1', `ticket.${ticket}`], { origin, headers: { 'x-real-ip': peer } });
  const welcome = new Promise(heard => ws.once('message', text => heard(JSON.parse(text).welcome)));
  ws.on('open', () => done({ ws, status: 101, welcome }));
  ws.on('unexpected-response', (req, res) => { done({ status: res.statusCode, retry: res.headers['retry-after'] }); req.destroy(); });
  ws.on('error', () => {});
});

test('an address that opens too many sessions is told to wait; another address is not', async () => {
  for (let i = 0; i < 4; i++) assert.equal((await session('192.0.2.1')).status, 200);
  const refused = await session('192.0.2.1');
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.match(refused.headers.get('content-type'), /problem\+json/);
  assert.equal((await session('192.0.2.2')).status, 200);
  assert.equal(await gateway.counted('tl_signaling_bad_input_total', 'class="peer_rate"'), 1);
});

test('a full gateway sends the next one away with 503; who is there stays', async () => {
  const ticket = async peer => (await (await session(peer)).json()).ticket;
  const first = await connect('192.0.2.3', await ticket('192.0.2.3'));
  assert.equal(first.status, 101);
  const second = await connect('192.0.2.4', await ticket('192.0.2.4'));
  assert.deepEqual([second.status, second.retry], [503, '5']);
  assert.equal(await gateway.counted('tl_signaling_bad_input_total', 'class="sockets"'), 1);
  const pong = new Promise(done => first.ws.once('pong', done));
  first.ws.ping();
  await pong;
  first.ws.close(1000);
});

test('a customer who says nothing and has no contact is let go, and the session is over', async () => {
  const peer = '192.0.2.5', begin = performance.now();
  const { ws, welcome } = await connect(peer, (await (await session(peer)).json()).ticket);
  const { resume_token } = await welcome;
  assert.equal(await new Promise(done => ws.once('close', done)), 4008);
  const ms = performance.now() - begin;
  assert.ok(ms > 1900 && ms < 5000, `${ms} ms`);
  const again = await fetch(`${here}/v1/sessions`, { method: 'POST', body: JSON.stringify({ resume_token }),
    headers: { 'content-type': 'application/json', origin, 'x-real-ip': peer } });
  assert.equal(again.status, 401);
});
