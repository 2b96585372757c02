// Everything is killed at random, again and again, while customers come and agents answer.  When it is over, whoever
// asked for help has been helped or has left, each contact has ended once, and nobody is stuck anywhere.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { consumerOpts } from 'nats';
import { kill9, metric, ready, runDir, secret, sleep, supervisor, until } from '../lib/platform.mjs';
import { Bus } from '../conversation/bus.mjs';
import { Agent, Customer } from './crowd.mjs';

const SECONDS = Number(process.env.TL_CHAOS_S ?? 60), CUSTOMERS = 6, AGENTS = ['agent-1', 'agent-2'];
const seed = Number(process.env.TL_CHAOS_SEED ?? Date.now() % 1e6);
const SERVICES = ['acd', 'acd-standby', 'conversation', 'signaling-gateway', 'ivr', 'clickstream-tracker', 'cobrowse-relay',
  'media-relay', 'media-plane', 'analytics', 'portal'];
const WAYS = [
  ...SERVICES, 'acd', 'conversation', 'signaling-gateway', 'redis', 'nats', 'janus', // who holds most is hit oftener
].map(name => [name, () => kill9(name)]).concat([
  ['postgres', () => again('postgres')], // its backends end with it
  ['both ACDs', () => { kill9('acd'); kill9('acd-standby'); }],
  ['both ACDs and their store', emptied],
]);

/** The same numbers for the same seed (mulberry32). */
function dice(n) {
  return () => {
    n = (n + 0x6D2B79F5) | 0;
    let t = Math.imul(n ^ (n >>> 15), 1 | n);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Not waited for, so that the people go on meanwhile. */
function again(name) {
  spawn('supervisorctl', ['-c', path.join(runDir, 'supervisord.conf'), 'restart', name], { stdio: 'ignore' });
}

function emptied() {
  supervisor('stop', 'redis');
  rmSync(path.join(runDir, 'redis', 'appendonlydir'), { recursive: true, force: true });
  for (const name of ['acd', 'acd-standby']) {
    try { kill9(name); } catch { /* it is just being started */ }
  }
  supervisor('start', 'redis');
}

const owner = async () => await ready('acd') ? 'acd' : await ready('standby_acd') && 'standby_acd';
const database = /port=(\d+)/.exec(process.env.TL_CONVERSATION_DB)[1];
const rows = query => execFileSync('psql', ['-qAtv', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', database, '-U', 'conversation',
  '-d', 'threadline', '-c', query], { env: { ...process.env, PGPASSWORD: secret('postgres-conversation') }, encoding: 'utf8' })
  .split('\n').filter(Boolean);

/** How often each contact has ended, by the stream: an event that was sent again is one event. */
async function ends(nc, since) {
  const seen = new Set(), ended = new Map(), from = consumerOpts().orderedConsumer().startTime(since);
  const messages = await nc.jetstream().subscribe('tl.events.conversation.contact_ended.>', from);
  (async () => {
    for await (const m of messages) {
      const id = m.headers.get('Nats-Msg-Id'), contact = Bus.event(m.data).meta.contact_id;
      if (!seen.has(id)) ended.set(contact, (ended.get(contact) ?? 0) + 1);
      seen.add(id);
    }
  })();
  return ended;
}

const agents = [], customers = [];
let bus;

after(async () => {
  supervisor('start', 'all'); // whatever happened
  for (const p of [...agents, ...customers]) p.leave();
  await bus?.close();
});

test(`everything is killed at random for ${SECONDS} s (TL_CHAOS_SEED=${seed}): nobody is lost, nobody is stuck`, async () => {
  const began = new Date(), random = dice(seed), kills = [];
  let going = true;

  for (const name of AGENTS) {
    agents.push(new Agent(name));
    agents.at(-1).working = agents.at(-1).work();
  }
  const crowd = Array.from({ length: CUSTOMERS }, async () => {
    while (going) {
      const c = new Customer(random);
      customers.push(c);
      await c.live();
    }
  });

  for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
    await sleep(1000 + random() * 3000);
    const [name, kill] = WAYS[Math.floor(random() * WAYS.length)];
    try {
      kill();
      kills.push(name);
    } catch { /* not back yet since the last time */ }
  }
  going = false;

  await until('everybody to be ready again', async () => await owner() && (await Promise.all(['conversation', 'signaling', 'ivr',
    'media', 'clickstream', 'cobrowse', 'portal'].map(ready))).every(Boolean), 40_000);
  const stuck = () => customers.filter(c => !c.left)
    .map(c => `${c.contact ?? 'not accepted'} ${c.phases.get(c.contact)}`).join(', ');
  await until('every customer to be served', () => customers.every(c => c.left), 90_000)
    .catch(e => { throw new Error(`${e.message}: ${stuck()}`); });
  await Promise.all(crowd);

  const mine = customers.map(c => c.contact), list = mine.map(id => `'${id}'`).join(',');
  const open = () => rows(`SELECT id, phase, owed FROM contacts WHERE id IN (${list}) AND (phase <> 'ended' OR owed <> 0)`);
  await until('every contact to be over and paid for', () => open().length === 0, 60_000, 500)
    .catch(e => { throw new Error(`${e.message}: ${open()}`); });

  bus = await Bus.open();
  await until('the ACD to know none of them', async () => (await bus.ask('acd', 'list_contacts', {})).contacts
    .every(c => !mine.includes(c.contact_id)), 30_000, 500);
  assert.equal(await metric(await owner(), 'tl_acd_oldest_offer_seconds'), 0, 'nothing rings for ever');
  for (const agent of agents)
    await until(`${agent.name} to be ready for the next`, async () => {
      const { state, contact_ids } = await bus.ask('acd', 'get_agent', { agent_id: agent.name });
      return state.presence === 'AGENT_PRESENCE_READY' && contact_ids.length === 0;
    }, 30_000, 500);

  const ended = await ends(bus.nc, began);
  await until('the stream to have every end', () => mine.every(id => ended.has(id)), 30_000, 500);
  await sleep(1000);
  assert.deepEqual(mine.filter(id => ended.get(id) !== 1), [], 'each has ended once');
  const talked = customers.filter(c => c.talked).length;
  assert.ok(talked > 0, 'some were helped');
  console.log(`seed=${seed} kills=${kills.length} contacts=${mine.length} talked=${talked}  ${kills.join(', ')}`);

  for (const agent of agents) {
    agent.works = false;
    await agent.say({ set_agent_state: { ready: false, reason: 'break' } });
    agent.leave();
    await agent.working;
  }
});
