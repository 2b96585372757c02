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

const run = (args, encoding = 'utf8') => execFileSync(kcat(), ['-b', kafkaBrokers, ...args],
  { encoding, maxBuffer: 1 << 28 });

/** High water marks of a topic, one for each partition: where the next records will stand. */
export function end(svc) {
  const topic = `threadline.${svc}.v1`;
  const listing = JSON.parse(run(['-L', '-J', '-t', topic]));
  const partitions = listing.topics[0].partitions.map(p => p.partition).sort((a, b) => a - b);
  const out = run(['-Q', ...partitions.flatMap(p => ['-t', `${topic}:${p}:-1`])]);
  const marks = partitions.map(() => 0);
  for (const [, p, offset] of out.matchAll(/\[(\d+)\] offset (\d+)/g)) marks[Number(p)] = Number(offset);
  return marks;
}

export const ends = () => Object.fromEntries(TOPICS.map(t => [t, end(t)]));

/** Records of one partition from an offset on: key, headers, decoded envelope. */
async function readPartition(svc, partition, from, to) {
  const type = await envelope(svc);
  const at = ['-C', '-e', '-q', '-t', `threadline.${svc}.v1`, '-p', String(partition), '-o', String(from),
    '-c', String(to - from)];
  const rows = run([...at, '-f', '%o\\t%k\\t%S\\t%h\\n']).split('\n').filter(Boolean);
  const raw = run([...at, '-f', '%s'], 'buffer');
  let seen = 0;
  return rows.map(line => {
    const [offset, key, size, headers] = line.split('\t');
    const value = raw.subarray(seen, seen + Number(size));
    seen += Number(size);
    const event = type.toObject(type.decode(value), { longs: Number, enums: String, oneofs: true, defaults: true });
    return {
      topic: svc, partition, offset: Number(offset), key,
      headers: Object.fromEntries(headers.split(',').map(h => h.split(/=(.*)/s).slice(0, 2))),
      meta: event.meta, name: event.event, body: event[event.event], envelope: event,
    };
  });
}

/** Records of one topic since its marks. */
export async function read(svc, marks) {
  const all = [];
  for (const [partition, to] of end(svc).entries())
    if (to > (marks[partition] ?? 0)) all.push(...await readPartition(svc, partition, marks[partition] ?? 0, to));
  return all;
}

/** Everything that came since the given ends, all topics. */
export async function since(marks) {
  const all = [];
  for (const t of TOPICS) all.push(...await read(t, marks[t]));
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
