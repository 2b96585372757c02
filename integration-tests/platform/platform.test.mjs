// make run, status and stop: a second run changes nothing, status tells each server and service, a second checkout
// runs beside the first, and what is stopped leaves no process and no port behind.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { kafkaBrokers, pid, root, runDir } from '../lib/platform.mjs';

const base = Number(process.env.TL_PORT_BASE);
const NAMES = ['nats', 'redis', 'postgres', 'kafka', 'janus', 'nginx', 'media-plane', 'media-relay', 'acd', 'acd-standby', 'ivr',
  'conversation', 'clickstream-tracker', 'cobrowse-relay', 'analytics', 'signaling-gateway', 'portal'];

/** A script of scripts/, as somebody at a terminal calls it. */
function script(name, args = [], env = {}) {
  const mine = Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('TL_')));
  const r = spawnSync(path.join(root, 'scripts', name), args, { encoding: 'utf8', timeout: 120_000,
    env: { ...mine, TL_PORT_BASE: String(base), TL_RUN_DIR: runDir, TL_BUILD: process.env.TL_BUILD, ...env } });
  return { code: r.status, text: r.stdout + r.stderr };
}

const groups = dir => Object.fromEntries(readdirSync(path.join(dir, 'pids'))
  .map(f => [f, Number(readFileSync(path.join(dir, 'pids', f), 'utf8').split(' ')[0])]));

const lives = group => {
  try { return process.kill(-group, 0); } catch { return false; }
};

const listening = from => execFileSync('ss', ['-Hltn'], { encoding: 'utf8' }).split('\n')
  .map(l => Number(/:(\d+)\s/.exec(l)?.[1])).filter(p => p >= from && p < from + 100);

test('a second run changes nothing and prints the addresses again', () => {
  const before = groups(runDir);
  const again = script('run.sh', ['start']);
  assert.equal(again.code, 0, again.text);
  assert.match(again.text, /Threadline is running/);
  assert.match(again.text, new RegExp(`desk +http://127.0.0.1:${base}/desk/`));
  assert.deepEqual(groups(runDir), before);
});

test('status lists each server and service with its port, its process and its health', () => {
  const { code, text } = script('status.sh');
  assert.equal(code, 0, text);
  for (const name of NAMES)
    assert.match(text, name === 'kafka' && !kafkaBrokers ? /^kafka .* off/m : new RegExp(`^${name} +(\\d+|-) +\\d+ +ok$`, 'm'), name);
});

test('status says so and fails while something does not answer', () => {
  const portal = pid('portal');
  assert.ok(portal > 1, 'it runs');
  process.kill(portal, 'SIGSTOP');
  const { code, text } = script('status.sh');
  process.kill(portal, 'SIGCONT');
  assert.notEqual(code, 0);
  assert.match(text, /^portal .* no answer$/m, text);
  assert.equal(script('status.sh').code, 0);
});

let aside; // the database of the other one, which may lie outside its run folder
const other = { TL_PORT_BASE: String(base - 1500), TL_RUN_DIR: mkdtempSync(path.join(tmpdir(), 'tl-')) };

after(() => {
  if (existsSync(path.join(other.TL_RUN_DIR, 'supervisord.conf'))) script('stop.sh', [], other);
  rmSync(other.TL_RUN_DIR, { recursive: true, force: true });
  if (aside) rmSync(path.dirname(path.dirname(aside)), { recursive: true, force: true });
});

test('a second checkout runs its servers beside this one, and stops without a trace', () => {
  const before = groups(runDir);
  const up = script('run.sh', ['servers'], other);
  assert.equal(up.code, 0, up.text);
  assert.match(up.text, new RegExp(`nats://127.0.0.1:${base - 1500 + 22}`));
  const theirs = Object.values(groups(other.TL_RUN_DIR));
  assert.ok(theirs.length >= 5 && theirs.every(lives));
  assert.ok(listening(base - 1500).length >= 5);
  const down = script('stop.sh', [], other);
  assert.equal(down.code, 0, down.text);
  assert.deepEqual(theirs.filter(lives), [], 'no process');
  assert.deepEqual(listening(base - 1500), [], 'no port');
  assert.match(script('status.sh', [], other).text, /not running/);
  assert.deepEqual(groups(runDir), before, 'and here nothing has changed');
});

test('who deletes the run folder and keeps only its database can begin anew', () => {
  // As root below /root the database lies elsewhere: a clone that is made again finds it, and not its password.
  for (const marked of [true, false]) { // earlier versions did not mark whose it is
    rmSync(path.join(other.TL_RUN_DIR, 'secrets'), { recursive: true });
    if (!marked) rmSync(path.join(path.dirname(aside), 'password.sum'));
    const again = script('run.sh', ['servers'], other);
    assert.equal(again.code, 0, again.text);
    aside = /database of an earlier .* is put aside: (.*\/postgres\/data\.before)$/m.exec(again.text)?.[1];
    assert.ok(existsSync(path.join(aside ?? '', 'PG_VERSION')), again.text);
    assert.equal(script('stop.sh', [], other).code, 0);
  }
});
