// Bad HTTP and bad JSON: each class gets its answer, is counted under its name, and harms nobody else (docs/limits.md).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { demoPassword, origin, port } from '../lib/platform.mjs';
import { raw } from '../lib/wire.mjs';
import { counted, Neighbour } from './edge.mjs';

const gateway = port('signaling');
const host = `Host: 127.0.0.1:${gateway}`;
const json = 'Content-Type: application/json';
let neighbour;

before(async () => { neighbour = await Neighbour.moveIn(); });
after(() => neighbour?.leave());

const request = (lines, body = '') => `${lines.join('\r\n')}\r\n\r\n${body}`;
const get = (...lines) => request(['GET /healthz HTTP/1.1', ...lines]);
const post = (lines, body) => request(['POST /v1/sessions HTTP/1.1', host, ...lines], body);

const HTTP = [ // what, bytes, status, class
  ['a space before the colon', get('Host : x'), 400, 'malformed'],
  ['a folded header', get(host, 'X: a', ' b'), 400, 'malformed'],
  ['a bare LF', `GET /healthz HTTP/1.1\n${host}\n\n`, 400, 'malformed'],
  ['a NUL in a header', get(host, 'X: a\0b'), 400, 'malformed'],
  ['a header without a name', get(host, ': x'), 400, 'malformed'],
  ['no Host', get(), 400, 'malformed'],
  ['two Hosts', get(host, 'Host: other'), 400, 'host'],
  ['Content-Length and Transfer-Encoding', post(['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 400, 'smuggling'],
  ['two Content-Lengths', post(['Content-Length: 2', 'Content-Length: 3'], '{}'), 400, 'smuggling'],
  ['a length that is no number', post([json, 'Content-Length: 2x'], '{}'), 400, 'malformed'],
  ['a chunk size that is none', post([json, 'Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'), 400, 'malformed'],
  ['an unknown Transfer-Encoding', post([json, 'Transfer-Encoding: pigeon'], '{}'), 501, 'encoding'],
  ['an unknown method', request(['BREW /healthz HTTP/1.1', host]), 501, 'method_unknown'],
  ['a known method in the wrong place', request(['DELETE /v1/sessions HTTP/1.1', host]), 405, 'method'],
  ['an address over 8 KiB', request([`GET /${'a'.repeat(9000)} HTTP/1.1`, host]), 414, 'uri_long'],
  ['headers over 32 KiB', get(host, `X: ${'a'.repeat(40000)}`), 431, 'headers_large'],
  ['over 100 headers', get(host, ...Array.from({ length: 120 }, (_, i) => `X-${i}: 1`)), 431, 'headers_large'],
  ['a body over its limit', post([json, 'Content-Length: 9999999'], '{'), 413, 'body_large'],
  ['no length', post([json]), 411, 'length_missing'],
  ['the wrong type', post(['Content-Type: text/plain', 'Content-Length: 2'], '{}'), 415, 'type'],
  ['an HTTP version from the future', request(['GET /healthz HTTP/3.7', host]), 505, 'version'],
  ['an unknown expectation', post([json, 'Content-Length: 2', 'Expect: the-unexpected'], '{}'), 417, 'expect'],
  ['an unknown path', request(['GET /nowhere HTTP/1.1', host]), 404],
  ['no token', post([json, `Origin: ${origin}`, 'Content-Length: 2'], '{}'), 401, 'no_proof'],
  ['a forged token', post([json, `Origin: ${origin}`, 'Authorization: Bearer tl1.e30.AAAA', 'Content-Length: 2'], '{}'), 401, 'token'],
  ['a foreign origin', post([json, 'Origin: https://evil.example', 'Content-Length: 2'], '{}'), 403, 'origin'],
];

for (const [what, bytes, status, cls] of HTTP)
  test(`HTTP: ${what}: ${status}`, async () => {
    const answer = await counted('signaling', 'http', cls, () => raw(gateway, bytes));
    assert.equal(answer.status, status, answer.text.slice(0, 160));
    if (status === 405) assert.match(answer.text, /\r\nAllow: .*POST/);
    if (status === 401) assert.match(answer.text, /\r\nWWW-Authenticate: Bearer/);
    await neighbour.lives();
  });

test('HTTP: a request line that is none: 400 at the one origin, a closed connection behind it', async () => {
  assert.equal((await raw(Number(process.env.TL_PORT_BASE), 'HELLO\r\n\r\n')).status, 400);
  assert.ok((await raw(gateway, 'HELLO\r\n\r\n')).closed);
  await neighbour.lives();
});

test('HTTP: a head that does not come: 408 or the end after 10 s, at the origin and behind it', async () => {
  const began = Date.now();
  const [inside, outside] = await Promise.all([gateway, Number(process.env.TL_PORT_BASE)]
    .map(p => raw(p, 'GET /healthz HTTP/1.1\r\nHost: x\r\n', 20_000)));
  assert.equal(inside.status, 408);
  assert.ok(outside.closed);
  assert.ok(Date.now() - began < 18_000);
  await neighbour.lives();
});

test('HTTP: more than an address may ask for: 429 with Retry-After, for that address alone', async () => {
  const from = ip => fetch(`http://127.0.0.1:${gateway}/v1/sessions`, { method: 'POST', body: '{}', headers:
    { 'content-type': 'application/json', origin, 'x-real-ip': ip, authorization: 'Bearer junk' } });
  const answers = await counted('signaling', 'http', 'peer_rate', async () => {
    for (let i = 0; ; i++) {
      const all = await Promise.all(Array.from({ length: 50 }, () => from('203.0.113.7')));
      if (i === 100 || all.some(r => r.status === 429)) return all;
    }
  });
  const slow = answers.find(r => r.status === 429);
  assert.ok(Number(slow?.headers.get('retry-after')) > 0);
  assert.equal((await from('203.0.113.8')).status, 401, 'another address is asked for its token');
  await neighbour.lives();
});

const send = (path, body) => fetch(origin + path, { method: 'POST', body, headers: { 'content-type': 'application/json', origin } });

const JSON_JUNK = [['nothing', ''], ['half an object', '{'], ['a key twice', '{"a":1,"a":2}'], ['a byte order mark', '\ufeff{}'],
  ['NaN', '{"events":NaN}'], ['bytes after the end', '{} x'], ['depth 40', `{"events":${'['.repeat(40)}${']'.repeat(40)}}`],
  ['half a surrogate pair', '{"token":"\\ud800"}'], ['NUL', '{"token":"\\u0000"}'], ['a comment', '{/**/}'], ['1e999', '{"events":1e999}']];

for (const [path, svc] of [['/v1/collect', 'clickstream'], ['/v1/sessions', 'signaling'], ['/v1/agents/signin', 'signaling']])
  test(`JSON: junk to ${path}: 400 with problem+json, counted`, async () => {
    for (const [what, body] of JSON_JUNK) {
      const res = await counted(svc, 'http', 'json', () => send(path, body));
      assert.equal(res.status, 400, what);
      assert.match(res.headers.get('content-type'), /problem\+json/, what);
    }
    await neighbour.lives();
  });

test('JSON: what does not fit the schema: 422 with a pointer to the place', async () => {
  for (const [path, svc, body, pointer] of [
    ['/v1/collect', 'clickstream', { events: [{ type: 'page_view', url: 7 }] }, /^\/events\/0/],
    ['/v1/collect', 'clickstream', { events: [], evil: 1 }, /evil/],
    ['/v1/agents/signin', 'signaling', { username: 7, password: 'x' }, /^\/username/],
    ['/v1/agents/signin', 'signaling', { username: 'agent-1', password: demoPassword(), root: true }, /root/]]) {
    const res = await counted(svc, 'http', 'schema', () => send(path, JSON.stringify(body)));
    assert.equal(res.status, 422, JSON.stringify(body).replace(demoPassword(), '...'));
    assert.match((await res.json()).pointer, pointer);
  }
});

test('a crowd of bad clients does not slow the good one down for ever', async () => {
  await Promise.all(Array.from({ length: 200 }, (_, i) =>
    raw(i % 2 ? gateway : port('clickstream'), `GET /${'x'.repeat(i * 50)}\r\n\r\n`, 800)));
  await neighbour.lives();
});
