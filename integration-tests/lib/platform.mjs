// The platform as the stories see it: addresses, secrets, services that can be killed and asked.
// Settings come from scripts/env.sh; nothing here knows a port by heart.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const need = name => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the stories with make integration or make journey`);
  return value;
};

export const root = need('TL_ROOT');
export const runDir = need('TL_RUN_DIR');
export const origin = need('TL_PUBLIC_ORIGIN');
export const kafkaBrokers = process.env.TL_KAFKA_BROKERS ?? '';
export const port = svc => Number(need(`TL_${svc.toUpperCase()}_PORT`));

export const secret = name => readFileSync(path.join(runDir, 'secrets', name), 'utf8').trim();
export const demoPassword = () => secret('demo-password');

export const sleep = ms => new Promise(done => setTimeout(done, ms));

/** Ask until the answer is true, or fail with what was waited for.  Patience costs nothing where all is well. */
export async function until(what, fn, ms = 20_000, every = 50) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await fn();
      if (value) return value;
    } catch (e) {
      last = e;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}${last ? `: ${last.message}` : ''}`);
    await sleep(every);
  }
}

export async function json(url, init) {
  const res = await fetch(url, init);
  return { status: res.status, body: await res.json().catch(() => null), headers: res.headers };
}

export async function ready(svc) {
  const res = await fetch(`http://127.0.0.1:${port(svc)}/readyz`).catch(() => null);
  return res?.status === 200;
}

/** A counter or gauge of a service, summed over its label sets; 0 where it does not exist yet. */
export async function metric(svc, name, labels = '') {
  const text = await (await fetch(`http://127.0.0.1:${port(svc)}/metrics`)).text();
  let sum = 0;
  for (const line of text.split('\n'))
    if (line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)) && line.includes(labels))
      sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  return sum;
}

/** Ask this run's supervisor: supervisor('stop', 'nats'). */
export function supervisor(...args) {
  try {
    return execFileSync('supervisorctl', ['-c', path.join(runDir, 'supervisord.conf'), ...args], { encoding: 'utf8' });
  } catch (e) {
    return e.stdout; // it exits non-zero for what is stopped
  }
}

/** Pid of a process of this run's supervisor, from the note that scripts/start.sh leaves; 0: it does not run. */
export function pid(name) {
  try {
    const noted = Number(readFileSync(path.join(runDir, 'pids', name), 'utf8').split(' ')[0]);
    process.kill(noted, 0);
    return noted;
  } catch {
    return 0;
  }
}

/** kill -9 by its pid, as the fault stories do; the supervisor starts it again. */
export function kill9(name) {
  const victim = pid(name);
  if (!(victim > 1)) throw new Error(`${name} does not run`);
  process.kill(victim, 'SIGKILL');
  return victim;
}

export function tl(...args) {
  return execFileSync(path.join(root, 'scripts/tl.sh'), args, { encoding: 'utf8', timeout: 20_000 });
}

/** What a server or service has logged since: const said = logSince('acd'); ... said() is the text. */
export function logSince(name) {
  const file = path.join(runDir, 'log', `${name}.log`), begin = statSync(file).size;
  return () => {
    const text = readFileSync(file);
    return text.subarray(text.length < begin ? 0 : begin).toString(); // shorter: a new file was begun
  };
}

export const logs = () => readdirSync(path.join(runDir, 'log')).map(f => path.join(runDir, 'log', f));

export const percentile = (values, p) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p) - 1)] : NaN;
};
