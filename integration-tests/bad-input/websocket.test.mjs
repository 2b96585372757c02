// Bad WebSocket input to the gateway: the close code of each class, its count, and a neighbour who stays (docs/limits.md).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { origin, port, sleep } from '../lib/platform.mjs';
import { agentToken, raw, Session, ticket, visitor } from '../lib/wire.mjs';
import { counted, Neighbour, NOBODY } from './edge.mjs';

let neighbour, token;

before(async () => {
  token = (await visitor()).token;
  neighbour = await Neighbour.moveIn();
});
after(() => neighbour?.leave());

const upgrade = (version, ...lines) => [`GET /v1/ws HTTP/${version}`, `Host: 127.0.0.1:${port('signaling')}`, `Origin: ${origin}`,
  'Connection: Upgrade', 'Upgrade: websocket', ...lines, '', ''].join('\r\n');
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', V13 = 'Sec-WebSocket-Version: 13';

const HANDSHAKES = [
  ['no key', 400, upgrade('1.1', V13)],
  ['a key that is none', 400, upgrade('1.1', V13, 'Sec-WebSocket-Key: short')],
  ['version 8', 426, upgrade('1.1', KEY, 'Sec-WebSocket-Version: 8')],
  ['HTTP/1.0', 400, upgrade('1.0', KEY, V13)],
];

for (const [what, status, bytes] of HANDSHAKES)
  test(`handshake: ${what}: ${status}`, async () => {
    const t = `Sec-WebSocket-Protocol: threadline.v1, ticket.${await ticket(token)}`;
    const answer = await counted('signaling', 'websocket', 'handshake', () =>
      raw(port('signaling'), bytes.replace('\r\n\r\n', `\r\n${t}\r\n\r\n`)));
    assert.equal(answer.status, status, answer.text.slice(0, 160));
    if (status === 426) assert.match(answer.text, /Sec-WebSocket-Version: 13/);
    await neighbour.lives();
  });

test('a foreign origin, a used ticket, a made-up ticket and no ticket stay outside', async () => {
  const status = (protocols, headers) => new Promise(done => {
    const ws = new WebSocket(`${origin.replace('http', 'ws')}/v1/ws`, protocols, headers);
    ws.on('unexpected-response', (req, res) => { done(res.statusCode); req.destroy(); });
    ws.on('open', () => { ws.close(); done(101); });
    ws.on('error', () => {});
  });
  const outside = (cls, want, protocols, headers = { origin }) => counted('signaling', 'http', cls, async () =>
    assert.equal(await status(['threadline.v1', ...protocols], headers), want));
  await outside('origin', 403, [`ticket.${await ticket(token)}`], { origin: 'https://evil.example' });
  await outside('ticket', 401, []);
  await outside('ticket', 401, [`ticket.${NOBODY}`]);
  const used = await ticket(token);
  assert.equal(await status(['threadline.v1', `ticket.${used}`], { origin }), 101);
  await outside('ticket', 401, [`ticket.${used}`]);
  await neighbour.lives();
});

/** A client frame by hand. */
function frame(first, payload, { masked = true } = {}) {
  const body = Buffer.from(payload);
  const head = body.length < 126 ? Buffer.from([first, (masked ? 0x80 : 0) | body.length])
    : Buffer.from([first, (masked ? 0x80 : 0) | 126, body.length >> 8, body.length & 255]);
  return masked ? Buffer.concat([head, Buffer.alloc(4), body]) : Buffer.concat([head, body]); // mask of zeros
}

const write = (s, ...frames) => s._socket.write(Buffer.concat(frames));
const times = (n, f) => Array.from({ length: n }, f);
const typing = '{"id":"1","typing":{"contact_id":"x"}}';
const end = id => `{"id":"1","end_contact":{"contact_id":${id}}}`;

const FRAMES = [ // what, close code, class, how
  ['an unmasked frame', 1002, 'protocol', s => write(s, frame(0x81, '{}', { masked: false }))],
  ['a reserved bit', 1002, 'protocol', s => write(s, frame(0xc1, '{}'))],
  ['a reserved opcode', 1002, 'protocol', s => write(s, frame(0x83, '{}'))],
  ['a fragmented ping', 1002, 'protocol', s => write(s, frame(0x09, 'x'))],
  ['a ping over 125 bytes', 1002, 'protocol', s => write(s, frame(0x89, 'x'.repeat(200)))],
  ['a continuation of nothing', 1002, 'protocol', s => write(s, frame(0x80, 'x'))],
  ['text that is not UTF-8', 1007, 'utf8', s => write(s, frame(0x81, Buffer.from([0xff, 0xfe])))],
  ['binary where text belongs', 1003, 'binary', s => s.send(Buffer.from([1, 2, 3]))],
  ['a message over 64 KiB', 1009, 'large', s => s.send(JSON.stringify({ id: 'x'.repeat(70000) }))],
  ['over 64 fragments', 1008, 'fragments', s => write(s, frame(0x01, '{'), ...times(100, () => frame(0x00, ' ')))],
  ['over 1000 empty fragments', 1008, 'fragments', s => write(s, frame(0x01, '{'), ...times(1100, () => frame(0x00, '')))],
  ['a flood of messages', 1008, 'rate', s => times(400, () => s.send(typing))],
  ['a flood of pings', 1008, 'pings', s => times(200, () => s.ping())],
  ['text that is not JSON', 1008, 'json', s => s.send('{"id":')],
  ['a key twice', 1008, 'json', s => s.send('{"id":"1","id":"2","typing":{}}')],
  ['depth 40', 1008, 'json', s => s.send(`{"id":"1","typing":${'['.repeat(40)}${']'.repeat(40)}}`)],
  ['half a surrogate pair', 1008, 'json', s => s.send(end('"\\ud800"'))],
  ['NUL', 1008, 'json', s => s.send(end('"\\u0000"'))],
  ['a number beyond 2^53', 1008, 'schema', s => s.send('{"id":"1","accept_offer":{"offer_id":"x","epoch":9007199254740993}}')],
  ['a member that does not exist', 1008, 'schema', s => s.send('{"id":"1","open_the_safe":{}}')],
  ['a number where text belongs', 1008, 'schema', s => s.send(end(7))],
  ['what a customer may not say', 1008, 'authorisation', s => s.send('{"id":"1","set_agent_state":{"ready":true}}')],
];

for (const [what, code, cls, how] of FRAMES)
  test(`WebSocket: ${what}: ${code}`, async () => {
    const s = await Session.open((await visitor()).token);
    await counted('signaling', 'websocket', cls, async () => {
      how(s.socket);
      assert.equal(await Promise.race([s.closed, sleep(15_000).then(() => 'still open')]), code);
    });
    await neighbour.lives();
  });

test('a newer socket of the same session closes the older with 4009', async () => {
  const old = await Session.open((await visitor()).token);
  const { resume_token } = old.frames.find(f => f.welcome).welcome;
  const res = await fetch(`${origin}/v1/sessions`, { method: 'POST', headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ resume_token }) });
  const ws = new WebSocket(`${origin.replace('http', 'ws')}/v1/ws`, ['threadline.v1', `ticket.${(await res.json()).ticket}`], { origin });
  const opened = new Promise((done, failed) => ws.on('open', done).on('error', failed));
  assert.equal(await Promise.race([old.closed, sleep(5000).then(() => 'still open')]), 4009);
  await opened; // the older may hear of it first
  ws.close();
});

test('an id that is not yours does not exist', async () => {
  for (const body of [{ end_contact: { contact_id: NOBODY } }, { send_message: { contact_id: NOBODY, text: 'hi' } },
    { cobrowse_consent: { contact_id: NOBODY, granted: true } }, { answer_survey: { contact_id: NOBODY, score: 5 } }])
    assert.equal((await neighbour.session.say(body)).error?.code, 404, JSON.stringify(body));
});

test('an agent cannot accept what was not offered', async () => {
  const s = await Session.open(await agentToken('agent-3'));
  const answer = await s.say({ accept_offer: { offer_id: NOBODY, epoch: 1 } });
  assert.ok([404, 409].includes(answer.error?.code), JSON.stringify(answer));
  await s.close();
});
