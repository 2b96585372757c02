// Services that are told to stop (SIGTERM): each leaves in time and by itself, what was under way is finished,
// and whoever it served is served by its successor.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { kill9, logSince, origin, pid, ready, sleep, until } from '../lib/platform.mjs';
import { agentToken, Session, visitor } from '../lib/wire.mjs';
import { Agent, Bus, Customer } from '../conversation/bus.mjs';

const IN_TIME_MS = 11_000; // requests and sockets get 5 s; the supervisor would kill after 12 s
const SERVICES = [['ivr', 'ivr'], ['clickstream-tracker', 'clickstream'], ['analytics', 'analytics'],
  ['conversation', 'conversation'], ['cobrowse-relay', 'cobrowse'], ['portal', 'portal'], ['media-relay', 'media'],
  ['signaling-gateway', 'signaling']];

let bus, agent;

before(async () => {
  bus = await Bus.open();
  agent = new Agent(bus, 'agent-3');
  await agent.ready();
});

afterEach(() => Customer.leave());

after(async () => {
  await agent.leave();
  await bus.close();
});

const lives = p => {
  try { return process.kill(p, 0); } catch { return false; }
};

/** SIGTERM by hand; resolves when the process has gone and its successor runs. */
async function dismiss(name) {
  const old = pid(name), said = logSince(name), judged = logSince('supervisord'), began = Date.now();
  assert.ok(old > 1, `${name} runs`);
  process.kill(old, 'SIGTERM');
  await until(`${name} to leave`, () => !lives(old), IN_TIME_MS, 20);
  await until('the supervisor to notice', () => new RegExp(`exited: ${name} \\(`).test(judged()));
  assert.match(judged(), new RegExp(`exited: ${name} \\(exit status 0;`));
  await until(`a new ${name}`, () => pid(name) > 1 && pid(name) !== old, 15_000);
  return { said: said(), ms: Date.now() - began };
}

for (const [name, svc] of SERVICES)
  test(`${name} leaves by itself and in time, and comes back`, async () => {
    const { said } = await dismiss(name);
    assert.match(said, /"msg":"draining"/);
    assert.match(said, /"msg":"stopped"/);
    assert.doesNotMatch(said, /drain took too long/);
    await until(`${name} to be ready`, () => ready(svc), 15_000);
  });

test('the plane leaves, and media-relay finds the new one', async () => {
  await dismiss('media-plane');
  await until('media-relay to be ready', () => ready('media'), 15_000);
});

test('the ACD that serves leaves: the other takes over, who waited is served', async () => {
  const customer = new Customer(bus);
  await bus.ask('acd', 'set_agent_state', { actor: agent.actor, ready: false, reason: 'break' });
  await customer.request('CHAT');
  await customer.phase('WAITING');
  const name = await ready('acd') ? 'acd' : 'acd-standby';
  const { said } = await dismiss(name);
  assert.match(said, /"msg":"stopped"/);
  assert.doesNotMatch(said, /drain took too long/);
  await agent.ready();
  await agent.accept(customer.contact);
  await customer.phase('CONNECTED');
  await customer.end();
  await until('the wrap-up', async () => !(await agent.wrapUp(customer.contact)).code, 15_000);
});

test('conversation leaves in the middle of a chat: every line is there once', async () => {
  const customer = new Customer(bus);
  await customer.request('CHAT');
  await agent.accept(customer.contact);
  await customer.phase('CONNECTED');
  const chat = (async () => {
    for (let i = 0; i < 30; i++) {
      assert.ok((await customer.say(`line ${i}`)).message, `line ${i} is taken`);
      await sleep(50);
    }
  })();
  await sleep(300);
  await dismiss('conversation');
  await chat;
  const lines = () => bus.events.filter(e => e.meta.contact_id === customer.contact && e.name === 'message_posted');
  await until('all lines to be told', () => lines().length >= 30, 15_000);
  assert.equal(lines().length, 30);
  await customer.end();
  await until('the wrap-up', async () => !(await agent.wrapUp(customer.contact)).code, 15_000);
});

/** A ticket for the same session. */
async function resume(session) {
  const { resume_token } = session.frames.find(f => f.welcome).welcome;
  const res = await fetch(`${origin}/v1/sessions`, { method: 'POST', headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ resume_token }) });
  return res.ok && res.json();
}

test('the gateway leaves: clients are told 1012 and find their session again', async () => {
  const s = await Session.open((await visitor()).token);
  const left = dismiss('signaling-gateway');
  assert.equal(await Promise.race([s.closed, sleep(10_000)]), 1012);
  await left;
  assert.ok(await until('a ticket', () => resume(s), 15_000));
});

test('the gateway is killed -9: no agent is stuck, the desk takes its session up again', async () => {
  const s = await Session.open(await agentToken('agent-2'));
  await s.say({ set_agent_state: { ready: true } });
  kill9('signaling-gateway');
  await s.closed;
  await until('the gateway', () => ready('signaling'), 15_000);
  assert.ok((await until('a ticket', () => resume(s))).ticket);
  const again = await Session.open(await agentToken('agent-2'));
  const { snapshot } = await again.saw(m => m.snapshot);
  assert.equal(snapshot.agent_state?.presence, 'AGENT_PRESENCE_READY');
  await again.say({ set_agent_state: { ready: false, reason: 'break' } });
  await again.close();
});
