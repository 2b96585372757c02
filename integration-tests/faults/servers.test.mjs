// Servers that stop, or fall silent, and come back.  Readiness, a metric and a log line tell the truth;
// who was waiting still waits, who was talking can still hang up, and nobody is stuck afterwards.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, afterEach, before, test } from 'node:test';
import { kafkaBrokers, logSince, metric, pid, port, ready, supervisor, until } from '../lib/platform.mjs';
import { Agent, Bus, Customer } from '../conversation/bus.mjs';

const LOG = { signaling: 'signaling-gateway', clickstream: 'clickstream-tracker', cobrowse: 'cobrowse-relay', media: 'media-relay' };
const SERVERS = [
  ['nats', ['signaling', 'conversation', 'ivr', 'acd', 'clickstream', 'cobrowse', 'media', 'analytics']],
  ['redis', ['signaling', 'acd', 'clickstream', 'cobrowse', 'media']],
  ['postgres', ['conversation']],
  ['janus', ['media']],
  ...(kafkaBrokers ? [['kafka', ['analytics']]] : []),
];

/** To a server and its children (each backend of PostgreSQL leads a group of its own). */
function signal(name, what) {
  const leader = pid(name);
  if (!(leader > 1)) throw new Error(`${name} does not run`);
  const children = spawnSync('pgrep', ['-P', leader], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  for (const p of [leader, ...children]) process.kill(Number(p), what);
}

// SIGSTOP leaves the connections open and answers nothing: like a cut cable, no packet says so.
const WAYS = [
  ['stops', name => supervisor('stop', name), name => supervisor('start', name)],
  ['falls silent', name => signal(name, 'SIGSTOP'), name => signal(name, 'SIGCONT')],
];

let bus, agent;

before(async () => {
  bus = await Bus.open();
  agent = new Agent(bus, 'agent-3');
});

afterEach(async () => {
  for (const [name] of SERVERS) {
    try { signal(name, 'SIGCONT'); } catch { /* it does not run */ }
    supervisor('start', name); // whatever happened
  }
  await until('everybody to be ready', async () => await owner() && await ready('conversation'), 30_000);
  await Customer.leave();
});

after(async () => {
  await agent.leave();
  await bus.close();
});

/** The ACD that serves; the other one waits and is never ready. */
const owner = async () => await ready('acd') ? 'acd' : await ready('standby_acd') && 'standby_acd';
const isReady = svc => svc === 'acd' ? owner() : ready(svc);

/** One who talks, and one who waits because the agent takes a break after this. */
async function talkAndWait(talking, waiting) {
  await agent.ready();
  await talking.request('CHAT');
  await agent.accept(talking.contact);
  await talking.phase('CONNECTED');
  await bus.ask('acd', 'set_agent_state', { actor: agent.actor, ready: false, reason: 'break' });
  await waiting.request('CHAT');
  await waiting.phase('WAITING');
}

async function finish(customer) {
  await customer.end();
  await until('the agent to wrap up', async () => !(await agent.wrapUp(customer.contact)).code, 15_000);
}

for (const [server, services] of SERVERS)
  for (const [how, away, back] of WAYS)
    test(`${server} ${how}: it is said, it heals, nobody is stuck`, async () => {
      const talking = new Customer(bus), waiting = new Customer(bus);
      await talkAndWait(talking, waiting);
      const acd = await owner();
      const said = Object.fromEntries(services.map(svc => [svc,
        logSince(svc === 'acd' ? { acd: 'acd', standby_acd: 'acd-standby' }[acd] : LOG[svc] ?? svc)]));

      away(server);
      for (const svc of services) {
        await until(`${svc} to say that it is not ready`, async () => !await isReady(svc), 8000);
        const at = svc === 'acd' ? acd : svc;
        assert.equal((await fetch(`http://127.0.0.1:${port(at)}/healthz`)).status, 200, `${svc} is alive all the same`);
        assert.equal(await metric(at, `tl_${svc}_ready`), 0);
        await until(`${svc}'s log line`, () => said[svc]().includes(`"msg":"not ready: a need is missing","need":"${server}"`));
      }
      back(server);
      for (const svc of services)
        await until(`${svc} to be ready again`, () => isReady(svc), 30_000);

      await finish(talking);
      await agent.ready();
      await agent.accept(waiting.contact); // who waited is next
      await waiting.phase('CONNECTED');
      await finish(waiting);
      await until('the agent to be ready', async () =>
        (await bus.ask('acd', 'get_agent', { agent_id: agent.id })).state.presence === 'AGENT_PRESENCE_READY');
    });
