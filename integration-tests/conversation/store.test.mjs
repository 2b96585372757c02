// The store's contract, told to the real PostgreSQL in a database of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import path from 'node:path';
import { root, secret } from '../lib/platform.mjs';

const port = /port=(\d+)/.exec(process.env.TL_CONVERSATION_DB)[1];
const database = `contract_${process.pid}`;
const psql = (user, db, ...args) => execFileSync('psql', ['-qv', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', port, '-U', user,
  '-d', db, ...args], { env: { ...process.env, PGPASSWORD: secret(`postgres-${user}`) }, stdio: ['ignore', 'pipe', 'ignore'] });

before(() => {
  psql('postgres', 'postgres', '-c', `CREATE DATABASE ${database} OWNER conversation`);
  psql('conversation', database, '-f', path.join(root, 'services/conversation/schema.sql'));
  psql('conversation', database, '-f', path.join(root, 'services/conversation/schema.sql')); // idempotent
});

after(() => psql('postgres', 'postgres', '-c', `DROP DATABASE ${database} WITH (FORCE)`));

test('PostgreSQL keeps the contract', { timeout: 120_000 }, () => {
  const build = path.relative(root, process.env.TL_BUILD ?? path.join(root, 'build'));
  const program = `${build}/services/conversation/tests/test_store`;
  const { MAKEFLAGS, MAKELEVEL, ...env } = process.env;
  execFileSync('make', ['-s', `BUILD=${build}`, program], { cwd: root, env, stdio: 'pipe' });
  const out = execFileSync('sh', ['-c', '"$0" 2>&1', path.join(root, program)], { encoding: 'utf8', env: { ...env,
    TL_TEST_PG: `host=127.0.0.1 port=${port} dbname=${database} user=conversation`,
    TL_TEST_PG_PASSWORD_FILE: process.env.TL_CONVERSATION_DB_PASSWORD_FILE } });
  const passed = [...out.matchAll(/\[  PASSED  \] (\d+) test/g)].map(m => Number(m[1]));
  assert.equal(passed.length, 2, out); // in memory, and in PostgreSQL
  assert.ok(passed[0] > 8 && passed[0] === passed[1], out);
});
