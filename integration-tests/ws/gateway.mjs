// A gateway of the story's own beside the platform's, with settings that the platform does not have.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { until } from '../lib/platform.mjs';

/** Starts it on a port and waits until it is ready; end() sends SIGTERM and waits. */
export async function ownGateway(port, settings) {
  const child = spawn(path.join(process.env.TL_BUILD, 'tl-signaling-gateway'), [], { stdio: 'ignore',
    env: { ...process.env, TL_SIGNALING_PORT: String(port), TL_LOG_LEVEL: 'error', TL_DRAIN_S: '1', ...settings } });
  const ended = new Promise(done => child.on('exit', done));
  await until('the gateway', async () => child.exitCode ?? (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200, 20_000);
  if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`);
  return {
    async counted(name, labels) {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const line = text.split('\n').find(l => l.startsWith(name) && l.includes(labels));
      return line ? Number(line.split(' ').pop()) : 0;
    },
    async end() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
