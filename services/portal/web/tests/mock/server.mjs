// A stand-in for the whole backend, to look at the pages without it: one visitor, one agent, no media.
// Usage: node tests/mock/server.mjs PORT WEB_FOLDER      It is not shipped and proves nothing.
import { readFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { WebSocketServer } from 'ws';

const [port = '8099', root = '../../../build/web'] = process.argv.slice(2);
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const us = () => Date.now() * 1000;
const sessions = new Map(); // resume token -> { role, sockets, contact }
const tickets = new Map(); // ticket -> session
const rooms = new Map(); // ticket -> { role }
const peers = {}; // role -> co-browse socket
let contact = null;
let visit = { path: [], basket: null, started_at_us: us(), customer_name: '', tier: '' };
let agent = { agent_id: 'agent-1', presence: 'AGENT_PRESENCE_NOT_READY', reason: 'break',
  since_us: us(), display_name: 'Demo Agent 1' };
const heard = { frames: [] };

const rand = () => Math.random().toString(36).slice(2, 12);
const say = (role, body) => {
  for (const s of sessions.values())
    if (s.role === role && s.ws?.readyState === 1)
      s.ws.send(JSON.stringify(body));
};
const state = extra => ({ contact_id: contact.id, thread_id: 't1', channel: contact.channel,
  phase: contact.phase, since_us: contact.since, customer: { display_name: name() },
  agent: { display_name: agent.display_name }, media_instance: 'm1', cobrowse_active: !!contact.shown, ...extra });
const name = () => visit.customer_name || 'Visitor';
const setPhase = (phase, extra = {}) => {
  contact.phase = phase;
  contact.since = us();
  say('customer', { contact_state: state(extra) });
  if (!/WAITING|RINGING/.test(phase))
    say('agent', { contact_state: state(extra) });
};
const presence = p => {
  agent = { ...agent, presence: `AGENT_PRESENCE_${p}`, since_us: us() };
  say('agent', { agent_state: agent });
};
const card = () => ({ contact_id: contact.id, channel: contact.channel, queue: 'orders',
  customer: { display_name: name() }, tier: visit.tier, known_customer: !!visit.tier,
  section: contact.section, page_url: contact.page_url, visit, cobrowse_consent: contact.consent,
  earlier: [{ contact_id: 'c0', channel: 'CHANNEL_CHAT', started_at_us: us() - 2 * 864e8,
    agent_name: 'Demo Agent 2', disposition: 'resolved', note: 'Asked about the size of the boots.' }] });
const offer = () => ({ offer_id: 'o1', contact_id: contact.id, channel: contact.channel, epoch: 3,
  queue: 'orders', waited_ms: 4200, expires_at_us: us() + 20e6,
  why: 'idle longest (3 min) of 2 agents with skill orders 4 or better' });
const ring = () => {
  presence('RINGING');
  say('agent', { offer: offer() });
  say('agent', { contact_card: card() });
  setPhase('CONTACT_PHASE_RINGING');
};

const commands = {
  request_contact(b) {
    contact = { id: `c${rand()}`, channel: b.channel, section: b.section, page_url: b.page_url,
      consent: b.cobrowse_consent, phase: '', lines: [] };
    setTimeout(() => {
      setPhase('CONTACT_PHASE_WAITING');
      say('customer', { queue_progress: { contact_id: contact.id, position: 2, expected_wait_s: 70 } });
      if (agent.presence === 'AGENT_PRESENCE_READY')
        setTimeout(ring, 1500);
    }, 50);
    return { contact_accepted: { contact_id: contact.id, thread_id: 't1', media_instance: 'm1' } };
  },
  accept_offer() {
    setTimeout(() => { presence('BUSY'); setPhase('CONTACT_PHASE_CONNECTED'); }, 20);
  },
  decline_offer() { presence('NOT_READY'); setPhase('CONTACT_PHASE_WAITING'); },
  set_agent_state(b) {
    agent.reason = b.reason;
    presence(b.ready ? 'READY' : 'NOT_READY');
    if (b.ready && contact?.phase === 'CONTACT_PHASE_WAITING')
      setTimeout(ring, 500);
  },
  end_contact() {
    const talked = contact.phase === 'CONTACT_PHASE_CONNECTED';
    setPhase('CONTACT_PHASE_WRAP_UP', { wrap_up_ends_at_us: us() + 60e6,
      outcome: talked ? 'CONTACT_OUTCOME_COMPLETED' : 'CONTACT_OUTCOME_ABANDONED' });
    if (talked) {
      presence('WRAP_UP');
      say('customer', { survey: { contact_id: contact.id, question: 'Did we help you?' } });
    }
  },
  complete_wrap_up() { setPhase('CONTACT_PHASE_ENDED'); presence('READY'); contact = null; },
  set_hold(b) { setPhase(b.on ? 'CONTACT_PHASE_HELD' : 'CONTACT_PHASE_CONNECTED'); },
  send_message(b, role) {
    const m = { message_id: rand(), contact_id: contact.id, text: b.text, client_ref: b.client_ref,
      from_role: role === 'agent' ? 'ROLE_AGENT' : 'ROLE_CUSTOMER', sent_at_us: us(),
      from_name: role === 'agent' ? agent.display_name : name() };
    contact.lines.push(m);
    say('agent', { message: m });
    say('customer', { message: m });
  },
  typing(b, role) { say(role === 'agent' ? 'customer' : 'agent', { typing: b }); },
  cobrowse_ask() { say('customer', { cobrowse_asked: { contact_id: contact.id } }); },
  cobrowse_consent(b) {
    contact.shown = b.granted;
    for (const role of ['customer', 'agent']) {
      if (!b.granted) {
        say(role, { cobrowse_stopped: { contact_id: contact.id, reason: 'customer' } });
        continue;
      }
      const ticket = rand();
      rooms.set(ticket, { role });
      say(role, { cobrowse_grant: { contact_id: contact.id, ticket } });
    }
  },
  media_offer() { return { error: { code: 503, reason: 'no media in the mock' } }; },
  subscribe_board() { setTimeout(() => say('agent', { board: board() }), 10); },
};

function board() {
  const q = (queue, n) => ({ queue, waiting: n, longest_wait_ms: n * 21000, staffed: 3, idle: 3 - n,
    offered: 120 + n * 7, answered: 112, abandoned: 8, short_abandoned: 2, service_level: 0.93 - n / 9,
    service_level_formula: 'answered within 20 s of offered', asa_ms: 9000 + n * 4000, aht_ms: 252000,
    expected_wait_ms: n ? 32000 : -1, connected: n });
  return { at_us: us(), queues: [q('sales', 0), q('orders', 2), q('travel', 1)], total: q('all', 3),
    agents: [agent, { agent_id: 'agent-2', display_name: 'Demo Agent 2', since_us: us() - 182e6,
      presence: 'AGENT_PRESENCE_BUSY' }, { agent_id: 'agent-3', display_name: 'Demo Agent 3',
      presence: 'AGENT_PRESENCE_NOT_READY', reason: 'lunch', since_us: us() - 900e6 }] };
}

function collect(b) {
  for (const e of b.events ?? []) {
    if (e.type === 'page_view')
      visit.path.push({ url: e.url, title: e.title, section: e.section, dwell_ms: 0,
        entered_at_us: us() });
    else if (e.type === 'basket')
      visit.basket = e;
    else if (e.dwell_ms && visit.path.length)
      visit.path.at(-1).dwell_ms = e.dwell_ms;
  }
  if (b.claim)
    Object.assign(visit, { customer_name: 'Gold Demo Customer', tier: 'gold' });
  const beats = (b.events ?? []).some(e => e.type === 'heartbeat' && e.section === 'checkout');
  return { visitor_id: 'v1', visit_id: 'visit1', ...(b.token && !b.claim ? {} : { token: 'visitor' }),
    ...(beats ? { invitation: { id: 'checkout-help', rule: 'big-basket-at-checkout',
      title: 'Shall we finish this together?', channels: ['video', 'chat'],
      text: 'One of us is free right now and can look at your order with you.' } } : {}) };
}

const http = createServer((req, res) => {
  const url = new URL(req.url, 'http://x');
  const json = (body, code = 200) => {
    res.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };
  let text = '';
  req.on('data', d => { text += d; });
  req.on('end', () => {
    if (url.pathname.startsWith('/v1/'))
      heard.frames.push(text);
    const body = text ? JSON.parse(text) : {};
    if (url.pathname === '/v1/collect')
      return json(collect(body));
    if (url.pathname === '/v1/demo/claim')
      return json({ claim: 'x', customer: { id: 'demo-gold', name: 'Gold Demo Customer', tier: 'gold' } });
    if (url.pathname === '/v1/agents/signin')
      return body.password === 'demo' ? json({ token: 'agent', expires_in_s: 3600,
        agent: { id: 'agent-1', display_name: 'Demo Agent 1' } }) : json({ title: 'no' }, 401);
    if (url.pathname === '/v1/board')
      return json(board());
    if (url.pathname === '/mock/heard')
      return json(heard);
    if (url.pathname === '/v1/sessions') {
      const old = body.resume_token && sessions.get(body.resume_token);
      if (body.resume_token && !old)
        return json({ title: 'unknown' }, 401);
      const s = old || { role: req.headers.authorization === 'Bearer agent' ? 'agent' : 'customer',
        resume: rand() };
      s.resumed = !!old;
      const ticket = rand();
      sessions.set(s.resume, s);
      tickets.set(ticket, s);
      return json({ ticket, expires_in_s: 30 });
    }
    const p = url.pathname.replace(/\/$/, '');
    const file = [p, `${p}.html`, `${p}/index.html`, `${p.replace(/\/[^/]+$/, '')}.html`]
      .find(f => extname(f) && existsSync(join(root, f)));
    res.writeHead(file ? 200 : 404, { 'Content-Type': TYPES[extname(file ?? '.html')] ?? '' });
    return res.end(file ? readFileSync(join(root, file)) : 'none');
  });
});

const wss = new WebSocketServer({ noServer: true, handleProtocols: p => [...p][0] });
http.on('upgrade', (req, socket, head) => wss.handleUpgrade(req, socket, head, ws => {
  const ticket = /ticket\.(\w+)/.exec(req.headers['sec-websocket-protocol'])?.[1];
  if (req.url === '/v1/cobrowse')
    return cobrowse(ws, rooms.get(ticket)?.role);
  const s = tickets.get(ticket);
  s.ws = ws;
  const self = { display_name: s.role === 'agent' ? agent.display_name : name() };
  ws.send(JSON.stringify({ welcome: { session_id: rand(), resume_token: s.resume, self,
    media_instance: 'm1', resumed: s.resumed, dispositions: ['resolved', 'follow_up', 'no_answer'],
    not_ready_reasons: [{ id: 'break', label: 'Break' }, { id: 'lunch', label: 'Lunch' }] } }));
  const mine = contact && (s.role === 'customer' || /CONN|HELD|WRAP/.test(contact.phase));
  ws.send(JSON.stringify({ snapshot: { agent_state: agent, contacts: mine ? [state()] : [],
    cards: mine && s.role === 'agent' ? [card()] : [], messages: contact?.lines ?? [],
    offers: s.role === 'agent' && contact?.phase === 'CONTACT_PHASE_RINGING' ? [offer()] : [] } }));
  ws.on('message', data => {
    heard.frames.push(String(data));
    const f = JSON.parse(data);
    const kind = Object.keys(f).find(k => k !== 'id');
    const answer = commands[kind]?.(f[kind], s.role) ?? { ok: {} };
    ws.send(JSON.stringify({ in_reply_to: f.id, ...answer }));
  });
}));

function cobrowse(ws, role) {
  const other = role === 'customer' ? 'agent' : 'customer';
  peers[role] = ws;
  peers[other]?.send(JSON.stringify({ t: 'peer', role, on: true }));
  if (role === 'agent')
    peers.customer?.send(JSON.stringify({ t: 'need_full' }));
  ws.on('message', data => {
    heard.frames.push(String(data));
    peers[other]?.send(String(data));
  });
  ws.on('close', () => { if (peers[role] === ws) peers[role] = null; });
}

http.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`));
