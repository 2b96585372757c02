// A WebSocket peer that says exactly the frames it is told, right or wrong, and keeps what comes back.
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';

export const TEXT = 1, BINARY = 2, CONT = 0, CLOSE = 8, PING = 9, PONG = 10;
const NAMES = { [TEXT]: 'text', [BINARY]: 'binary', [PING]: 'ping', [PONG]: 'pong' };

const bytes = payload => (Buffer.isBuffer(payload) ? payload : Buffer.from(payload, 'utf8'));

/** One frame as a client sends it; every field may be wrong on purpose. */
export function frame(op, payload = '', { fin = true, rsv = 0, masked = true, length } = {}) {
  const body = bytes(payload), n = length ?? body.length;
  const size = n < 126 ? 0 : n < 65536 ? 2 : 8;
  const head = Buffer.alloc(2 + size + (masked ? 4 : 0));
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | op;
  head[1] = (masked ? 0x80 : 0) | (size === 0 ? n : size === 2 ? 126 : 127);
  if (size === 2) head.writeUInt16BE(n, 2);
  if (size === 8) head.writeBigUInt64BE(BigInt(n), 2);
  if (!masked) return Buffer.concat([head, body]);
  const mask = randomBytes(4), sent = Buffer.from(body);
  mask.copy(head, 2 + size);
  for (let i = 0; i < sent.length; i++) sent[i] ^= mask[i & 3];
  return Buffer.concat([head, sent]);
}

/** A close frame; code undefined: an empty one. */
export function close(code, reason = '') {
  if (code === undefined) return frame(CLOSE);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([head, bytes(reason)]));
}

/** A message in pieces of some size. */
export function fragments(op, payload, size) {
  const body = bytes(payload), out = [];
  for (let at = 0; at < body.length; at += size)
    out.push(frame(at ? CONT : op, body.subarray(at, at + size), { fin: at + size >= body.length }));
  return Buffer.concat(out);
}

/** How an answer is written in a table: 'text hello', or its length and hash where it is long. */
export function told(op, payload) {
  const body = bytes(payload);
  const what = body.length <= 64 ? body.toString('latin1') : `${body.length} ${createHash('sha256').update(body).digest('hex')}`;
  return `${NAMES[op] ?? `opcode ${op}`} ${what}`;
}

export class Peer {
  heard = [];
  code; // of the server's close frame; 1005: it was empty
  #pieces = [];
  #have = 0;
  #waiting = [];

  static async open(port, early = Buffer.alloc(0)) {
    const p = new Peer();
    const key = randomBytes(16).toString('base64');
    p.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    p.ended = new Promise(done => p.socket.on('close', done));
    p.socket.on('error', () => {});
    p.socket.on('data', d => p.#take(d));
    p.socket.write(Buffer.concat([Buffer.from(`GET /echo HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
      `Connection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`), early]));
    await p.until(() => p.head, 'the upgrade');
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    if (!p.head.startsWith('HTTP/1.1 101') || !p.head.toLowerCase().includes(`sec-websocket-accept: ${accept.toLowerCase()}`))
      throw new Error(`no upgrade: ${p.head.slice(0, 60)}`);
    return p;
  }

  /** Bytes in chops of some size, each a segment of its own; 0: at once. */
  async say(data, chop = 0) {
    if (!chop) {
      this.socket.write(data);
      return;
    }
    for (let at = 0; at < data.length; at += chop) {
      this.socket.write(data.subarray(at, at + chop));
      await new Promise(setImmediate);
    }
  }

  async until(ready, what, ms = 20_000) {
    const end = Date.now() + ms;
    while (!ready()) {
      if (this.over || Date.now() > end) throw new Error(`${what} never came`);
      await new Promise(done => {
        this.#waiting.push(done);
        setTimeout(done, 200).unref();
      });
    }
  }

  #take(data) {
    this.#pieces.push(data);
    this.#have += data.length;
    for (;;) {
      const need = this.head ? this.#frameSize() : this.#headSize();
      if (!need || this.#have < need) break;
      const all = Buffer.concat(this.#pieces), one = all.subarray(0, need), rest = all.subarray(need);
      this.#pieces = rest.length ? [rest] : [];
      this.#have = rest.length;
      if (!this.head) this.head = one.toString('latin1');
      else this.#frame(one);
    }
    this.#waiting.splice(0).forEach(done => done());
  }

  #front(n) { // the first bytes, which are mostly in one piece
    if (this.#pieces[0]?.length < n) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0];
  }

  #headSize() {
    const at = Buffer.concat(this.#pieces).indexOf('\r\n\r\n');
    return at < 0 ? 0 : at + 4;
  }

  #frameSize() {
    if (this.#have < 2) return 0;
    const small = this.#front(2)[1] & 127, size = small < 126 ? 2 : small === 126 ? 4 : 10;
    if (this.#have < size) return 0;
    const b = this.#front(size);
    return size + (size === 2 ? small : size === 4 ? b.readUInt16BE(2) : Number(b.readBigUInt64BE(2)));
  }

  #frame(b) {
    const op = b[0] & 15, small = b[1] & 127, body = b.subarray(small < 126 ? 2 : small === 126 ? 4 : 10);
    if (b[0] & 0x70 || b[1] & 0x80 || !(b[0] & 0x80)) this.heard.push('a frame that no server may send here');
    if (this.code !== undefined) this.heard.push('a frame behind the close');
    else if (op === CLOSE) this.code = body.length ? body.readUInt16BE(0) : 1005;
    else this.heard.push(told(op, body));
  }
}
