// The event stream read from outside: Kafka with kcat, and the payloads with protobufjs from the schema files.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs';
import { kafkaBrokers, root } from './platform.mjs';

export const TOPICS = ['signaling', 'conversation', 'ivr', 'acd', 'media', 'clickstream', 'cobrowse', 'analytics'];

let schema;

async function envelope(svc) {
  if (!schema) {
    schema = new protobuf.Root();
    schema.resolvePath = (_from, target) => path.join(root, 'proto', target);
    await schema.load(TOPICS.map(s => `threadline/${s}/v1/events.proto`), { keepCase: true });
  }
  const name = svc[0].toUpperCase() + svc.slice(1);
  return schema.lookupType(`threadline.${svc}.v1.${name}Event`);
}

const kcat = () => ['/usr/bin/kcat', '/usr/bin/kafkacat'].find(existsSync) ?? 'kcat';

/** High water mark of a topic: where its next record will stand. */
export function end(svc) {
  const out = execFileSync(kcat(), ['-b', kafkaBrokers, '-Q', '-t', `threadline.${svc}.v1:0:-1`],
    { encoding: 'utf8' });
  return Number(/offset (\d+)/.exec(out)?.[1] ?? 0);
}

export const ends = () => Object.fromEntries(TOPICS.map(t => [t, end(t)]));

/** Records of one topic from an offset on: key, headers, decoded envelope. */
export async function read(svc, from = 0) {
  const type = await envelope(svc);
  // Hex of key and value, headers as text: survives any byte.
  const format = '%o\\t%k\\t%S\\t%h\\n';
  const meta = execFileSync(kcat(), ['-b', kafkaBrokers, '-C', '-e', '-q', '-t', `threadline.${svc}.v1`,
    '-o', String(from), '-f', format], { encoding: 'utf8', maxBuffer: 1 << 28 })
    .split('\n').filter(Boolean);
  const raw = execFileSync(kcat(), ['-b', kafkaBrokers, '-C', '-e', '-q', '-t', `threadline.${svc}.v1`,
    '-o', String(from), '-c', String(meta.length), '-f', '%s'], { encoding: 'buffer', maxBuffer: 1 << 28 });
  let at = 0;
  return meta.map(line => {
    const [offset, key, size, headers] = line.split('\t');
    const value = raw.subarray(at, at + Number(size));
    at += Number(size);
    const event = type.toObject(type.decode(value), { longs: Number, enums: String, oneofs: true, defaults: true });
    return {
      topic: svc, offset: Number(offset), key,
      headers: Object.fromEntries(headers.split(',').map(h => h.split(/=(.*)/s).slice(0, 2))),
      meta: event.meta, name: event.event, body: event[event.event], envelope: event,
    };
  });
}

/** Everything that came since the given ends, all topics. */
export async function since(marks) {
  const all = [];
  for (const t of TOPICS)
    if (end(t) > marks[t]) all.push(...await read(t, marks[t]));
  return all;
}

/** Completeness is arithmetic: missing numbers per (producer, boot), and ids that came twice. */
export function audit(events) {
  const seen = new Set(), byProducer = new Map();
  let duplicates = 0, lost = 0;
  for (const { meta } of events) {
    if (seen.has(meta.event_id)) duplicates++;
    seen.add(meta.event_id);
    const key = `${meta.producer}/${meta.boot}`;
    if (!byProducer.has(key)) byProducer.set(key, new Set());
    byProducer.get(key).add(meta.seq);
  }
  for (const seqs of byProducer.values())
    lost += Math.max(...seqs) - Math.min(...seqs) + 1 - seqs.size;
  return { duplicates, lost, producers: byProducer.size };
}
