// Speaking NATS and protobuf from outside: what the stories of the stream and of the clicks share.
import { createHmac } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { connect, headers } from 'nats';
import protobuf from 'protobufjs';
import { kafkaBrokers, root, secret } from '../lib/platform.mjs';

const schema = new protobuf.Root();
schema.resolvePath = (_from, target) => path.join(root, 'proto', target);
await schema.load(['acd', 'analytics', 'clickstream', 'conversation'].map(s => `threadline/${s}/v1/events.proto`)
  .concat('threadline/acd/v1/supply.proto', 'threadline/clickstream/v1/commands.proto', 'threadline/clickstream/v1/store.proto',
    'threadline/cobrowse/v1/commands.proto', 'threadline/signaling/v1/client.proto'), { keepCase: true });

export const type = name => schema.lookupType(`threadline.${name}`);
export const pack = (name, value) => type(name).encode(type(name).fromObject(value)).finish();
export const unpack = (name, bytes) => type(name).toObject(type(name).decode(bytes),
  { longs: Number, enums: String, defaults: true, oneofs: true });

/** The load generator's user: it may say anything on tl.>. */
export const bus = () => connect({ servers: process.env.TL_NATS_URL, user: 'bench',
  pass: secret('nats-bench'), inboxPrefix: '_INBOX.bench' });

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export function ulid() {
  let t = Date.now(), id = '';
  for (let i = 0; i < 10; i++, t = Math.floor(t / 32)) id = ALPHABET[t % 32] + id;
  for (let i = 0; i < 16; i++) id += ALPHABET[Math.floor(Math.random() * 32)];
  return id;
}

/** A producer of ACD events with contiguous numbers; skip() loses one on purpose. */
export class AcdProducer {
  constructor(nc) {
    this.js = nc.jetstream();
    this.boot = ulid();
    this.name = 'acd.story';
    this.seq = 0;
  }

  skip(n = 1) {
    this.seq += n;
  }

  make(event, body, { contact = '', thread = '', at = Date.now() } = {}) {
    const id = ulid();
    const bytes = pack('acd.v1.AcdEvent', { meta: { event_id: id, occurred_at_us: at * 1000, thread_id: thread,
      contact_id: contact, producer: this.name, boot: this.boot, seq: ++this.seq }, epoch: 1, partition: 'p0',
    [event]: body });
    return { id, bytes, subject: `tl.events.acd.${event}.${thread || body.agent_id || '-'}` };
  }

  async send({ id, bytes, subject }, msgId = id, timeout = 5000) {
    const h = headers();
    h.set('ce_id', id);
    h.set('ce_type', 'threadline.acd.v1.Story');
    await this.js.publish(subject, bytes, { msgID: msgId, headers: h, timeout });
    return id;
  }

  tell(event, body, about) {
    return this.send(this.make(event, body, about));
  }
}

const kcat = () => ['/usr/bin/kcat', '/usr/bin/kafkacat'].find(existsSync) ?? 'kcat';

/** ce_id, key, partition and offset of every record of a service's topic. */
export function records(svc) {
  return execFileSync(kcat(), ['-b', kafkaBrokers, '-C', '-e', '-q', '-t', `threadline.${svc}.v1`, '-o', 'beginning',
    '-f', '%p\\t%o\\t%k\\t%h\\n'], { encoding: 'utf8', maxBuffer: 1 << 28 })
    .split('\n').filter(Boolean).map(line => {
      const [partition, offset, key, head] = line.split('\t');
      return { partition: Number(partition), offset: Number(offset), key, id: /ce_id=([^,]*)/.exec(head)?.[1],
        type: /ce_type=([^,]*)/.exec(head)?.[1] };
    });
}

/** A token as services/kit signs them: HMAC-SHA-512 cut to 256 bits (libsodium crypto_auth). */
export function sign(keyName, claims) {
  const body = `tl1.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const mac = createHmac('sha512', Buffer.from(secret(keyName), 'hex')).update(body).digest().subarray(0, 32);
  return `${body}.${mac.toString('base64url')}`;
}
