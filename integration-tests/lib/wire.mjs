// Raw sockets and WebSockets for stories about input that no client should send.
import net from 'node:net';
import WebSocket from 'ws';
import { demoPassword, json, origin } from './platform.mjs';

/** A whole answer: its head, and as much body as the head announces. */
function isWhole(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1];
  return length !== undefined && text.length >= end + 4 + Number(length);
}

/** Send bytes to a port and collect what comes back until the peer closes, says no more after a whole answer, or `ms` pass. */
export function raw(port, bytes, ms = 3000) {
  return new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1');
    let got = '', closed = false;
    const finish = () => {
      socket.destroy();
      resolve({ text: got, status: Number(/^HTTP\/1\.1 (\d+)/.exec(got)?.[1] ?? 0), closed });
    };
    let timer = setTimeout(finish, ms);
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', d => {
      got += d.toString('latin1');
      if (!isWhole(got)) return;
      clearTimeout(timer);
      timer = setTimeout(finish, Math.min(ms, 300)); // does it close, too?
    });
    socket.on('error', () => {});
    socket.on('close', () => { closed = true; clearTimeout(timer); finish(); });
  });
}

const headers = { 'content-type': 'application/json', origin };

export async function visitor() {
  const { body } = await json(`${origin}/v1/collect`, { method: 'POST', headers,
    body: JSON.stringify({ events: [{ type: 'page_view', url: '/shop/', title: 'Shop', section: 'catalogue', at_ms: Date.now() }] }) });
  return body;
}

let tokens = {};

export async function agentToken(name) {
  tokens[name] ??= (await json(`${origin}/v1/agents/signin`, { method: 'POST', headers,
    body: JSON.stringify({ username: name, password: demoPassword() }) })).body.token;
  return tokens[name];
}

export async function ticket(token) {
  const { status, body } = await json(`${origin}/v1/sessions`, { method: 'POST',
    headers: { ...headers, authorization: `Bearer ${token}` }, body: '{}' });
  if (status !== 200 && status !== 201) throw new Error(`no ticket: ${status} ${JSON.stringify(body)}`);
  return body.ticket;
}

/** A session over /v1/ws: say() asks and waits for the answer, saw() waits for a push. */
export class Session {
  static async open(token, options = {}) {
    const s = new Session();
    s.frames = [];
    s.waiting = new Map();
    s.next = 0;
    s.socket = new WebSocket(`${origin.replace('http', 'ws')}/v1/ws`,
      ['threadline.v1', `ticket.${await ticket(token)}`], { origin, ...options });
    s.closed = new Promise(done => s.socket.on('close', code => { s.code = code; done(code); }));
    s.socket.on('message', data => {
      const m = JSON.parse(data);
      s.frames.push(m);
      s.waiting.get(m.in_reply_to)?.(m);
    });
    await new Promise((done, failed) => s.socket.on('open', done).on('error', failed));
    await s.saw(m => m.snapshot);
    return s;
  }

  say(body) {
    const id = String(++this.next);
    this.socket.send(JSON.stringify({ id, ...body }));
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`no answer to ${JSON.stringify(body)}`)), 20_000);
      this.waiting.set(id, m => { clearTimeout(timer); done(m); });
    });
  }

  async saw(match, ms = 20_000) {
    const end = Date.now() + ms;
    for (;;) {
      const m = this.frames.find(match);
      if (m) return m;
      if (Date.now() > end || this.code) throw new Error(`never came: ${match} (closed: ${this.code})`);
      await new Promise(done => setTimeout(done, 20));
    }
  }

  close(code = 1000) {
    this.socket.close(code);
    return this.closed;
  }
}
