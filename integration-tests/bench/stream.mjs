// 100 000 synthetic contacts through the bus at full speed: nothing lost, nothing twice, order kept per thread.
// Prints one line of figures.  TL_BENCH_CONTACTS makes it smaller.
import { execFileSync } from 'node:child_process';
import { headers } from 'nats';
import { kafkaBrokers, metric, ready, sleep, until } from '../lib/platform.mjs';
import { AcdProducer, bus, ulid } from '../stream/wire.mjs';

const CONTACTS = Number(process.env.TL_BENCH_CONTACTS ?? 100_000);
const WINDOW = 4000; // stores without an answer yet

if (!kafkaBrokers) {
  console.log('stream: no Kafka broker on this machine, not measured');
  process.exit(0);
}
await until('analytics to be ready', () => ready('analytics'), 20_000);

const steps = [
  ['contact_queued', { queue: 'bench', position: 1 }],
  ['contact_offered', { offer_id: 'O', agent_id: 'bench-agent', queue: 'bench', waited_ms: 10 }],
  ['offer_accepted', { offer_id: 'O', agent_id: 'bench-agent', queue: 'bench', waited_ms: 20, rang_ms: 10 }],
  ['contact_released', { agent_id: 'bench-agent', queue: 'bench', talked_ms: 1000 }],
  ['wrap_up_ended', { agent_id: 'bench-agent', wrap_up_ms: 500 }],
];

const nc = await bus();
const acd = new AcdProducer(nc);
const inbox = `_INBOX.bench.${ulid()}`;
let open = 0, acked = 0, refused = 0, wake = () => {};
nc.subscribe(inbox, { callback: (_e, m) => {
  if (m.string().includes('"error"') || !m.data.length) refused++;
  else acked++;
  if (--open < WINDOW / 2) wake();
} });

const confirmed = () => metric('analytics', 'tl_analytics_kafka_events_total', 'EVENTS');
const before = await confirmed();
const t0 = Date.now();
const sent = new Map(); // event id -> number
for (let i = 0; i < CONTACTS; i++) {
  const about = { contact: ulid(), thread: ulid() };
  for (const [event, body] of steps) {
    if (open >= WINDOW) {
      await nc.flush();
      await new Promise(done => { wake = done; if (open < WINDOW / 2) done(); });
    }
    const e = acd.make(event, body, about);
    const h = headers();
    h.set('Nats-Msg-Id', e.id);
    h.set('ce_id', e.id);
    sent.set(e.id, acd.seq);
    open++;
    nc.publish(e.subject, e.bytes, { headers: h, reply: inbox });
  }
}
await until('JetStream to have all', () => open === 0, 60_000);
const stored_s = (Date.now() - t0) / 1000;
await until('Kafka to confirm all', async () => await confirmed() - before >= acked, 300_000, 200);
const kafka_s = (Date.now() - t0) / 1000;
await nc.close();
await sleep(500);

const out = execFileSync('kcat', ['-b', kafkaBrokers, '-C', '-e', '-q', '-t', 'threadline.acd.v1', '-o', `s@${t0 - 1000}`,
  '-f', '%p\\t%k\\t%h\\n'], { encoding: 'utf8', maxBuffer: 1 << 30 });
const seen = new Set(), newest = new Map();
let duplicates = 0, disorder = 0;
for (const line of out.split('\n')) {
  const [, key, head] = line.split('\t');
  const id = head && /ce_id=([^,]*)/.exec(head)[1];
  const number = sent.get(id);
  if (!number) continue; // somebody else's
  if (seen.has(id)) duplicates++;
  seen.add(id);
  if (number < (newest.get(key) ?? 0)) disorder++;
  newest.set(key, number);
}
console.log(`stream contacts=${CONTACTS} events=${sent.size} refused=${refused} store_events_per_s=${Math.round(sent.size / stored_s)}`
  + ` kafka_events_per_s=${Math.round(sent.size / kafka_s)} in_kafka=${seen.size} lost=${sent.size - seen.size}`
  + ` duplicates=${duplicates} out_of_order=${disorder}`);
process.exit(seen.size === sent.size && !duplicates && !disorder ? 0 : 1);
