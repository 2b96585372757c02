// The echo endpoint, frame by frame: a gateway of our own with TL_SIGNALING_ECHO=1 answers every case of cases.mjs,
// and an independent client talks with it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { groups } from './cases.mjs';
import { Peer, TEXT, close, frame, told } from './frames.mjs';
import { ownGateway } from './gateway.mjs';

const port = Number(process.env.TL_PORT_BASE) + 30, AT_ONCE = 16;
let gateway, played = 0, failed = 0;

before(async () => {
  gateway = await ownGateway(port, { TL_SIGNALING_ECHO: '1' });
});

after(async () => {
  console.log(`ws_cases=${played} failed=${failed}`);
  await gateway?.end();
});

async function play(c) {
  const p = await Peer.open(port);
  try {
    await p.say(c.say, c.chop);
    if (c.closes) await p.say(close(1000));
    await p.until(() => p.code !== undefined, 'the close');
    if (!c.closes) await p.say(close(p.code === 1005 ? undefined : p.code)); // our side of the handshake
    await Promise.race([p.ended, new Promise((_, no) => setTimeout(no, 5000, new Error('the server keeps the socket')).unref())]);
    assert.deepEqual(p.heard, c.want);
    assert.equal(p.code, c.code);
  } finally {
    p.socket.destroy();
  }
}

for (const [group, cases] of Object.entries(groups))
  test(`${group}: ${cases.length} cases`, async () => {
    const line = [...cases], wrong = [];
    await Promise.all(Array.from({ length: group === 'limits' ? 2 : AT_ONCE }, async () => {
      for (let c = line.shift(); c; c = line.shift()) {
        played++;
        await play(c).catch(e => { failed++; wrong.push(`${c.name}: ${e.message.slice(0, 400)}`); });
      }
    }));
    assert.deepEqual(wrong, []);
  });

test('a frame that comes with the upgrade request is answered', async () => {
  const p = await Peer.open(port, frame(TEXT, 'early'));
  await p.until(() => p.heard.length, 'the echo');
  assert.deepEqual(p.heard, [told(TEXT, 'early')]);
  p.socket.destroy();
});

test('an independent client: text, binary, 16 MiB, ping, close codes, no extension', async () => {
  const open = () => new Promise((done, no) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/echo`, { maxPayload: 1 << 25 });
    ws.on('open', () => done(ws)).on('error', no);
  });
  const next = ws => new Promise(done => ws.once('message', (data, binary) => done({ data, binary })));
  const ws = await open();
  assert.equal(ws.extensions, ''); // permessage-deflate was offered
  for (const message of ['', 'gr\u00fc\u00df dich \u{1f600}', Buffer.from([0, 255, 128]), Buffer.alloc(1 << 24, 7)]) {
    ws.send(message);
    const { data, binary } = await next(ws);
    assert.equal(binary, Buffer.isBuffer(message));
    assert.ok(data.equals(Buffer.from(message)));
  }
  const pong = new Promise(done => ws.once('pong', done));
  ws.ping('are you there');
  assert.equal((await pong).toString(), 'are you there');
  const closed = new Promise(done => ws.once('close', (code, reason) => done([code, reason.toString()])));
  ws.close(4321, 'enough');
  assert.equal((await closed)[0], 4321);
});
