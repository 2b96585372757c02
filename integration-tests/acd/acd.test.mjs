// The ACD on the whole platform: its store is emptied and both of its processes are killed at the same moment.
// Who waits is known to conversation, who works to the gateway: nobody is lost, and nobody is offered twice.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { kill9, metric, ready, runDir, sleep, supervisor, until } from '../lib/platform.mjs';
import { agentToken, Session, visitor } from '../lib/wire.mjs';

const AGENT = 'agent-1';
const sessions = [];

after(async () => {
  supervisor('start', 'redis'); // whatever happened
  for (const s of sessions) s.socket.terminate();
});

async function open(token) {
  const s = await Session.open(token);
  sessions.push(s);
  return s;
}

async function customer() {
  const s = await open((await visitor()).token);
  const answer = await s.say({ request_contact: { request_id: randomUUID(), channel: 'CHANNEL_CHAT', section: 'orders', consent: true } });
  s.contact = answer.contact_accepted.contact_id;
  return s;
}

const offers = (desk, contact) => desk.frames.filter(f => f.offer?.contact_id === contact).map(f => f.offer);
const phase = (s, want, ms = 15_000) => s.saw(f => f.contact_state?.contact_id === s.contact
  && f.contact_state.phase === `CONTACT_PHASE_${want}`, ms);

async function accept(desk, contact) {
  const { offer_id, epoch } = offers(desk, contact).at(-1);
  return desk.say({ accept_offer: { offer_id, epoch } });
}

function emptyRedis() {
  supervisor('stop', 'redis');
  rmSync(path.join(runDir, 'redis', 'appendonlydir'), { recursive: true });
}

const owner = async () => (await ready('acd')) || (await ready('standby_acd'));

test('Redis emptied and both ACDs killed at once: everybody keeps their place, each rings once', async () => {
  const desk = await open(await agentToken(AGENT));
  await desk.say({ set_agent_state: { ready: true } });

  const talks = await customer();
  await until('the first offer', () => offers(desk, talks.contact).length, 15_000);
  assert.ok((await accept(desk, talks.contact)).ok, 'the first is answered');
  await phase(talks, 'CONNECTED');
  const rings = await customer();
  await until('the second offer', () => offers(desk, rings.contact).length, 15_000);
  const waits = await customer();
  await phase(waits, 'WAITING');
  const before = offers(desk, rings.contact).length;

  emptyRedis();
  kill9('acd');
  kill9('acd-standby');
  supervisor('start', 'redis');
  await until('an owner', owner, 20_000);

  // conversation's reconciler brings the contacts, the gateway the agent
  await until('the second to ring again', () => offers(desk, rings.contact).length > before, 40_000);
  assert.ok((await accept(desk, rings.contact)).ok, 'and can be answered');
  await phase(rings, 'CONNECTED');
  await until('the third to ring', () => offers(desk, waits.contact).length, 40_000);
  assert.ok((await accept(desk, waits.contact)).ok);
  await phase(waits, 'CONNECTED');

  await sleep(12_000); // one more round of the reconciler changes nothing
  assert.equal(offers(desk, talks.contact).length, 1, 'who was talking is not offered again');
  assert.equal(offers(desk, rings.contact).length, before + 1, 'who rang is offered once more');
  assert.equal(offers(desk, waits.contact).length, 1, 'who waited is offered once');
  for (const svc of ['acd', 'standby_acd'])
    if (await metric(svc, 'tl_acd_owner') === 1)
      assert.equal(await metric(svc, 'tl_acd_oldest_offer_seconds'), 0, 'nothing rings for ever');

  for (const s of [talks, rings, waits]) await s.say({ end_contact: { contact_id: s.contact } });
  for (const s of [talks, rings, waits])
    await desk.say({ complete_wrap_up: { contact_id: s.contact, disposition: 'solved' } });
  await desk.say({ set_agent_state: { ready: false, reason: 'break' } });
});
