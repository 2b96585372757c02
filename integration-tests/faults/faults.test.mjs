// Servers that go away and come back; services that are told to stop.  Readiness tells the truth, nothing is lost.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, test } from 'node:test';
import { kill9, origin, pid, port, ready, runDir, sleep, until } from '../lib/platform.mjs';
import { agentToken, Session, visitor } from '../lib/wire.mjs';

const conf = path.join(runDir, 'supervisord.conf');
const ctl = (...args) => {
  try {
    return execFileSync('supervisorctl', ['-c', conf, ...args], { encoding: 'utf8' });
  } catch (e) {
    return e.stdout; // supervisorctl exits non-zero for what is stopped
  }
};

const NEEDS = [
  ['nats', ['signaling', 'conversation', 'ivr', 'acd', 'clickstream', 'cobrowse', 'media', 'analytics']],
  ['redis', ['signaling', 'acd', 'clickstream', 'cobrowse']],
  ['postgres', ['conversation']],
  ['janus', ['media']],
];

const owner = async () => (await ready('acd')) || (await ready('standby_acd'));

after(() => ctl('start', ...NEEDS.map(n => n[0]))); // whatever happened

for (const [server, services] of NEEDS)
  test(`without ${server}: not ready within 5 s, and ready again by itself`, async () => {
    ctl('stop', server);
    for (const svc of services)
      await until(`${svc} to say that it is not ready`, async () => svc === 'acd' ? !await owner() : !await ready(svc), 8000);
    for (const svc of services) {
      const alive = await fetch(`http://127.0.0.1:${port(svc)}/healthz`);
      assert.equal(alive.status, 200, `${svc} is alive all the same`);
    }
    ctl('start', server);
    for (const svc of services)
      await until(`${svc} to be ready again`, () => svc === 'acd' ? owner() : ready(svc), 30_000);
  });

test('SIGTERM drains the gateway: clients are told 1012 and find their session again', async () => {
  const { token } = await visitor();
  const s = await Session.open(token);
  const welcome = s.frames.find(f => f.welcome).welcome;
  const old = pid('signaling-gateway');
  process.kill(old, 'SIGTERM');
  assert.equal(await Promise.race([s.closed, sleep(10_000)]), 1012);
  await until('a new gateway', async () => pid('signaling-gateway') > 1 && pid('signaling-gateway') !== old && await ready('signaling'), 15_000);
  const res = await fetch(`${origin}/v1/sessions`, { method: 'POST', headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ resume_token: welcome.resume_token }) });
  assert.ok(res.ok, `resume is possible: ${res.status}`);
});

test('a gateway killed -9 leaves no agent stuck: the desk takes its session up again', async () => {
  const s = await Session.open(await agentToken('agent-2'));
  await s.say({ set_agent_state: { ready: true } });
  const welcome = s.frames.find(f => f.welcome).welcome;
  kill9('signaling-gateway');
  await s.closed;
  await until('the gateway', () => ready('signaling'), 15_000);
  const res = await until('a ticket', async () => {
    const r = await fetch(`${origin}/v1/sessions`, { method: 'POST', headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ resume_token: welcome.resume_token }) });
    return r.ok && r.json();
  });
  assert.ok(res.ticket);
  const again = await Session.open(await agentToken('agent-2'));
  const snapshot = (await again.saw(m => m.snapshot)).snapshot;
  assert.equal(snapshot.agent_state?.presence, 'AGENT_PRESENCE_READY');
  await again.say({ set_agent_state: { ready: false, reason: 'break' } });
  await again.close();
});

test('every service stops cleanly on SIGTERM and comes back', async () => {
  for (const [name, svc] of [['ivr', 'ivr'], ['clickstream-tracker', 'clickstream'], ['analytics', 'analytics'],
    ['conversation', 'conversation'], ['cobrowse-relay', 'cobrowse'], ['portal', 'portal'], ['media-relay', 'media']]) {
    const out = ctl('restart', name);
    assert.match(out, new RegExp(`${name}: stopped`), out);
    await until(`${name} to be ready`, () => ready(svc), 15_000);
  }
});
