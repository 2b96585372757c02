// Settings and files with mistakes: the start ends with 78 before a socket is opened and one line names the place;
// on SIGHUP the old rules stay in force and the failure is counted (docs/limits.md).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { sleep, until } from '../lib/platform.mjs';

const build = process.env.TL_BUILD;
const spare = Number(process.env.TL_PORT_BASE) + 61; // nobody else's
let dir;

before(() => { dir = mkdtempSync(path.join(tmpdir(), 'tl-config-')); });
after(() => rmSync(dir, { recursive: true, force: true }));

const SERVICES = { 'tl-clickstream-tracker': 'CLICKSTREAM', 'tl-acd': 'ACD', 'tl-ivr': 'IVR', 'tl-conversation': 'CONVERSATION',
  'tl-signaling-gateway': 'SIGNALING', 'tl-cobrowse-relay': 'COBROWSE', 'tl-analytics': 'ANALYTICS', 'tl-media-relay': 'MEDIA', 'tl-portal': 'PORTAL' };

/** A copy of the shipped rules to spoil. */
function rules(name) {
  const copy = path.join(dir, name);
  cpSync(process.env.TL_CONFIG_DIR, copy, { recursive: true });
  return copy;
}

const settings = (program, more) => ({ ...process.env, [`TL_${SERVICES[program]}_PORT`]: String(spare), ...more });

/** Start it with a mistake: it must end by itself, with 78, and say what and where. */
function refuses(program, more, says) {
  const r = spawnSync(path.join(build, program), [], { env: settings(program, more), encoding: 'utf8', timeout: 20_000 });
  const said = r.stdout + r.stderr;
  assert.equal(r.status, 78, `${program}: ${said.slice(-300)}`);
  assert.match(said, says);
  assert.doesNotMatch(said, /"msg":"started"/, 'no socket was opened');
}

for (const [program, prefix] of Object.entries(SERVICES))
  test(`${program}: a setting that is no number, out of range, or unknown: 78`, () => {
    refuses(program, { [`TL_${prefix}_PORT`]: 'many' }, new RegExp(`TL_${prefix}_PORT`));
    refuses(program, { [`TL_${prefix}_PORT`]: '70000' }, new RegExp(`TL_${prefix}_PORT`));
    refuses(program, { [`TL_${prefix}_OPEN_THE_SAFE`]: '1' }, new RegExp(`TL_${prefix}_OPEN_THE_SAFE`));
  });

test('a secret that others may read, or that is not there: 78', () => {
  const file = path.join(dir, 'password');
  writeFileSync(file, 'secret');
  chmodSync(file, 0o644);
  refuses('tl-acd', { TL_ACD_NATS_PASSWORD_FILE: file }, /TL_ACD_NATS_PASSWORD_FILE|password/);
  refuses('tl-acd', { TL_ACD_NATS_PASSWORD_FILE: path.join(dir, 'none') }, /TL_ACD_NATS_PASSWORD_FILE|none/);
});

const SPOILT = [ // program, file, what is added or changed, what is said
  ['tl-clickstream-tracker', 'invitations.yaml', t => `${t}\nopen_the_safe: 1\n`, /invitations\.yaml:\d+: .*open_the_safe/],
  ['tl-clickstream-tracker', 'invitations.yaml', t => t.replace('time_on_page: 5s', 'time_on_page: 5 bananas'), /invitations\.yaml:\d+: .*time_on_page/],
  ['tl-clickstream-tracker', 'invitations.yaml', t => t.replace('version: 1', 'version: 1\nversion: 1'), /invitations\.yaml:\d+: .*version/],
  ['tl-clickstream-tracker', 'invitations.yaml', () => 'a: [1,\n', /invitations\.yaml:\d+: /],
  ['tl-acd', 'acd.yaml', t => `${t}\nopen_the_safe: 1\n`, /acd\.yaml:\d+: .*open_the_safe/],
  ['tl-signaling-gateway', 'agents.yaml', t => `${t}\nopen_the_safe: 1\n`, /agents\.yaml:\d+: .*open_the_safe/],
  ['tl-ivr', 'flows/web.yaml', t => `${t}\nopen_the_safe: 1\n`, /web\.yaml:\d+: .*open_the_safe/],
  ['tl-conversation', 'conversation.yaml', t => `${t}\nopen_the_safe: 1\n`, /conversation\.yaml:\d+: .*open_the_safe/],
];

SPOILT.forEach(([program, file, spoil, says], i) =>
  test(`${program}: ${file} with mistake ${i + 1}: 78 and file:line: key: reason`, () => {
    const copy = rules(`spoilt-${i}`), at = path.join(copy, file), text = readFileSync(at, 'utf8');
    writeFileSync(at, spoil(text));
    assert.notEqual(readFileSync(at, 'utf8'), text, 'there is a mistake');
    refuses(program, { TL_CONFIG_DIR: copy }, says);
  }));

test('SIGHUP with a mistake keeps the old rules and counts; without it the new ones come', async () => {
  const copy = rules('reload'), at = path.join(copy, 'invitations.yaml'), text = readFileSync(at, 'utf8');
  const tracker = spawn(path.join(build, 'tl-clickstream-tracker'), [], { env: settings('tl-clickstream-tracker', { TL_CONFIG_DIR: copy }) });
  let said = '';
  tracker.stdout.on('data', d => { said += d; });
  const gone = new Promise(done => tracker.on('exit', done));
  const failures = async () => Number(/config_reload_failures_total(?:\{\})? (\d+)/
    .exec(await (await fetch(`http://127.0.0.1:${spare}/metrics`)).text())?.[1] ?? 0);
  try {
    await until('it to be ready', async () => (await fetch(`http://127.0.0.1:${spare}/readyz`)).ok);
    appendFileSync(at, '\nopen_the_safe: 1\n');
    tracker.kill('SIGHUP');
    await until('the failure to be counted', async () => await failures() === 1);
    assert.match(said, /invitations\.yaml:\d+: .*open_the_safe/);
    assert.ok((await fetch(`http://127.0.0.1:${spare}/readyz`)).ok, 'it goes on with the old rules');
    writeFileSync(at, text);
    tracker.kill('SIGHUP');
    await sleep(500);
    assert.equal(await failures(), 1);
  } finally {
    tracker.kill('SIGTERM');
  }
  assert.equal(await Promise.race([gone, sleep(8000)]), 0);
});
