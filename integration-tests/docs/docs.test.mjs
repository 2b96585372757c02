// A command in a document is run by CI, or it is not there.  Each sh block is run here as it stands, beside the running
// platform; of a command in a sentence, its target, subcommand and options must exist.  What `make test` runs anyway is
// not run twice, and what takes too long is named below and only asked whether it exists.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { kafkaBrokers, ready, root, runDir, supervisor, until } from '../lib/platform.mjs';
import { AcdProducer, bus, ulid } from '../stream/wire.mjs';
import { commands, documents, lines, parts } from './commands.mjs';

const read = file => readFileSync(path.join(root, file), 'utf8');

/** Targets that no run of all tests can afford, or that change what they find. */
const NOT_HERE = {
  bench: 'minutes of load', 'bench-acd': 'minutes of load', 'lives-acd': 'ten million facts', 'mutants-acd': 'a build for each bug',
  'coverage-acd': 'a build of its own', 'sim-erlang': 'millions of calls', conformance: 'wants data that is not ours',
  chaos: 'a minute in which everything is killed', fmt: 'writes to the sources; make check looks that it has nothing to do',
};
/** Run by .ci/run: itself, what its steps make, and what those make. */
const CI = new Set(['test', ...[...read('scripts/test.sh').matchAll(/\$MAKE ([^\n;&|]*)/g)]
  .flatMap(([, words]) => words.split(/\s+/)).filter(word => /^[a-z][a-z-]*$/.test(word))]);
if (/^unit-san:[^\n]*\n\t@?\$\(MAKE\)[^\n]* unit /m.test(read('Makefile'))) CI.add('unit');
/** Quick and harmless on a running platform: run here. */
const HERE = ['run', 'status', 'help'];

const build = path.relative(root, process.env.TL_BUILD);
const terminal = () => ({ ...Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^(TL_|MAKE|NODE_TEST)/.test(k))),
  TL_PORT_BASE: process.env.TL_PORT_BASE, TL_RUN_DIR: runDir, TL_BUILD: process.env.TL_BUILD });

/** What somebody at a terminal types, in the root of the checkout. */
function typed(script) {
  const r = spawnSync('bash', ['-c', script], { cwd: root, env: terminal(), encoding: 'utf8', timeout: 180_000 });
  return { code: r.status, text: r.stdout + r.stderr };
}

/** A service alone, in place of the supervisor's: up before the block's next line, and told to end after the last. */
const ALONE = `alone() {
  "$@" >"$TL_RUN_DIR/log/alone.log" 2>&1 & alone=$!
  trap 'kill $alone; wait $alone' EXIT
  local name=TL_$(basename "$1" | sed -E 's/^tl-([a-z]+).*/\\U\\1/')_PORT
  for i in $(seq 100); do
    kill -0 $alone && [ "$(curl -s -o /dev/null -w '%{http_code}' "127.0.0.1:\${!name}/readyz")" = 200 ] && return
    sleep 0.1
  done
  cat "$TL_RUN_DIR/log/alone.log"; return 1
}
`;
const service = line => /(?:^|&& )build\/tl-([a-z-]+)$/.exec(line)?.[1];

/** The line as it is run here: this build, this run's folder, an event that exists, and tail ends after one line. */
const here = line => line.replace(/(?<=^|&& )(?=build\/tl-[a-z-]+$)/, 'alone ').replace(/(?<![\w/.-])build\//g, `${build}/`)
  .replace(/(?<![\w/])\.run\//g, `${runDir}/`).replace(/\b01[0-9A-HJKMNP-TV-Z]{24}\b/g, contact)
  .replace(/tl\.sh tail(?!.*--count)/, '$& --count 1');

const all = documents(root), contact = ulid();
const help = new Map();
function helpOf(program, ...command) {
  const key = [program, ...command].join(' ');
  if (!help.has(key)) help.set(key, execFileSync(path.join(root, build, program), [...command, '--help'], { encoding: 'utf8' }));
  return help.get(key);
}

let nc;
before(async () => {
  await until('analytics to be ready', () => ready('analytics'), 20_000);
  nc = await bus();
  const acd = new AcdProducer(nc);
  await acd.tell('contact_queued', { queue: 'story' }, { thread: ulid(), contact });
});
after(() => nc.close());

/** A make command: its targets exist and are run by CI, too long for that, or (true) run here. */
function wanted(command) {
  assert.equal(typed(command.replace('make', 'make -n')).code, 0, `${command}: no such target`);
  return parts(command).rest.filter(word => !/^[A-Z_]+=/.test(word) && !NOT_HERE[word] && !isUnitTest(word)).some(target => {
    assert.ok(CI.has(target) || HERE.includes(target),
      `nothing in make test runs "make ${target}": run it there, or say in docs.test.mjs why it cannot be`);
    return HERE.includes(target);
  });
}
const isUnitTest = target => existsSync(path.join(root, target.replace(/^build(-san)?\/(.*\/tests\/test_\w+)\.ok$/, '$2.c')));

for (const { file, blocks } of all.filter(d => d.blocks.length))
  test(`${file}: its blocks run as they stand`, { timeout: 300_000 }, async t => {
    for (const block of blocks) {
      const todo = lines(block).filter(line => !line.startsWith('make ') || wanted(line));
      if (!kafkaBrokers && todo.some(line => line.includes('KAFKA'))) {
        t.diagnostic('no Kafka broker: a block is not run');
        continue;
      }
      const names = todo.map(service).filter(Boolean);
      for (const name of names) supervisor('stop', name);
      const { code, text } = typed(`set -eo pipefail\n${ALONE}${todo.map(here).join('\n')}`);
      for (const name of names) supervisor('start', name);
      for (const name of names) await until(`${name} to be back`, () => ready(name.replace(/-.*/, '')), 20_000);
      assert.equal(code, 0, `${todo.join('\n')}\n${text}`);
      assert.ok(!todo.length || text.trim() || block.includes('>'), 'it said something');
    }
  });

test('a command in a sentence exists with its options, and what is quick is run', { timeout: 300_000 }, () => {
  const ran = new Set();
  for (const { file, inline } of all)
    for (const command of inline) {
      const { program, rest } = parts(command), where = `${file}: ${command}`;
      if (program === 'make') {
        if (wanted(command) && !ran.has(command)) {
          const { code, text } = typed(command);
          assert.equal(code, 0, `${where}\n${text}`);
          ran.add(command);
        }
      } else if (/^(build\/)?tl(-[a-z-]+)?$/.test(program)) {
        const name = program.replace(/^build\//, '');
        const [command_] = name === 'tl' && rest[0] && !rest[0].startsWith('-') ? [rest[0]] : [];
        const text = command_ ? helpOf('tl', command_) : helpOf(name);
        if (command_) assert.match(text, new RegExp(`^usage: tl ${command_}\\b`), where);
        for (const [option] of command.matchAll(/--[a-z-]+/g))
          assert.ok(option === '--help' || text.includes(option), `${where}: no ${option}`);
      } else if (program === 'npm') {
        const script = rest[0] === 'run' ? rest[1] : rest[0];
        assert.ok(JSON.parse(read('services/portal/web/package.json')).scripts[script], where);
        assert.ok(read('scripts/test.sh').includes(`npm ${rest.join(' ')}`), `${where}: CI does not run it`);
      } else if (/^scripts\//.test(program)) {
        assert.ok(existsSync(path.join(root, program)), where);
        if (program === 'scripts/integration.sh')
          for (const story of rest) assert.ok(existsSync(path.join(root, 'integration-tests', story)), `${where}: no story`);
        else assert.deepEqual(rest, [], `${where}: put it in an sh block, so that it is run`);
      } else if (/^build\/services\//.test(program)) {
        assert.ok(existsSync(path.join(root, `${program.slice(6)}.c`)), `${where}: no source`);
      } else {
        assert.fail(`${where}: put it in an sh block, so that it is run`);
      }
    }
});

test('no command hides in another fence, no exception is left over', () => {
  for (const { file, strays } of all) assert.deepEqual(strays, [], `${file}: fence it with sh`);
  const said = all.flatMap(d => d.inline.concat(d.blocks.flatMap(lines))).join('\n');
  for (const target of Object.keys(NOT_HERE)) assert.match(said, new RegExp(`make ${target}\\b`), `no document says make ${target}`);
});

test('a new command that nobody runs is noticed', () => {
  const { blocks, strays, inline } = commands('Type `make nonsense`, `ls` or\n```sh\nmake nonsense\n```\n```\nmake run now\n```\n');
  assert.deepEqual([blocks, strays, inline], [['make nonsense\n'], ['make run now'], ['make nonsense']]);
  assert.throws(() => wanted('make nonsense'), /no such target/);
  assert.throws(() => wanted('make clean'), /nothing in make test runs/);
});
