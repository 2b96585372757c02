// usage: node docs/api/generate.mjs [--check]    Write asyncapi.yaml and the schemas of openapi.yaml
//
// The documents follow the sources: every member of ClientMessage and ServerMessage, every event of
// every envelope, every field with its comment.  With --check nothing is written; it complains when a
// document is not what the sources say, when a route of a public service is not in openapi.yaml, and
// when openapi.yaml has a route that no service serves.
import { readFileSync, readdirSync, writeFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { closure, fieldSchema, readProtos, shortName, yaml } from './proto.mjs';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const root = path.join(here, '../..');
const types = readProtos(path.join(root, 'proto'));
const SIGNALING = 'threadline.signaling.v1';
const ref = (what, name) => ({ $ref: `#/${what}/${name}` });

// ---- the WebSocket of the gateway ---------------------------------------------------------------

/** Messages of one direction: each member of the oneof is a frame with that key. */
function frames(name, idField, prefix) {
    const message = types.get(`${SIGNALING}.${name}`);
    const id = message.fields.find((f) => f.name === idField);
    const used = new Set();
    const messages = {};
    for (const f of message.fields.filter((x) => x.oneof)) {
        messages[`${prefix}_${f.name}`] = {
            name: f.name,
            title: f.name,
            ...(f.text || types.get(f.type).text ? { summary: [types.get(f.type).text, f.text].filter(Boolean).join(' ') } : {}),
            payload: {
                type: 'object',
                properties: { [idField]: fieldSchema(id, types, 'signaling', used), [f.name]: fieldSchema({ ...f, text: '' }, types, 'signaling', used) },
                required: [f.name],
            },
        };
    }
    return { messages, used };
}

// ---- the WebSocket of co-browsing ---------------------------------------------------------------

const number = { type: 'number' };
const object = (t, properties, required = Object.keys(properties)) => ({
    type: 'object', properties: { t: { const: t }, ...properties }, required: ['t', ...required], additionalProperties: false });
const page = (t) => object(t, { seq: { type: 'integer', minimum: 1 }, d: { type: 'object', description: 'an rrweb event' } });

const COBROWSE = {
    customer: {
        full: [page('full'), 'A picture of the page (rrweb event of type 2), at most 2 MiB; numbers go on from it.'],
        ev: [page('ev'), 'What changed: numbered without gaps, at most 64 KiB.'],
    },
    agent: {
        pointer: [object('pointer', { x: number, y: number, node: { type: 'integer' } }, ['x', 'y']), 'Where the agent points, CSS pixels of the customer\'s document.'],
        draw: [object('draw', { id: { type: 'string', maxLength: 64 }, points: { type: 'array', maxItems: 2000, items: { type: 'array', items: number, minItems: 2, maxItems: 2 } },
            color: { type: 'string', maxLength: 32 }, w: number }), 'A line; the same id again replaces it.'],
        clear: [object('clear', {}), 'All lines go.'],
        highlight: [object('highlight', { node: { type: 'integer', minimum: 0 } }), 'An element of the page lights up.'],
    },
    relay: {
        need_full: [object('need_full', {}), 'To the customer: send a picture now.'],
        peer: [object('peer', { role: { enum: ['customer', 'agent'] }, on: { type: 'boolean' } }), 'The other side is here, or has gone.'],
        stop: [object('stop', { reason: { type: 'string' } }), 'It is over; the socket closes.'],
    },
};

function cobrowseMessages() {
    const out = {};
    for (const [side, all] of Object.entries(COBROWSE))
        for (const [t, [payload, summary]] of Object.entries(all)) out[`cobrowse_${t}`] = { name: t, title: `${t} (from the ${side})`, summary, payload };
    return out;
}

// ---- the event stream ---------------------------------------------------------------------------

const KEYS = { acd: 'the thread id; the agent id for events of agents', clickstream: 'the visit id', signaling: 'the agent id or visitor id' };

function envelopes() {
    return [...types.values()].filter((t) => t.kind === 'message' && t.fields[0]?.name === 'meta' && t.fields.some((f) => f.oneof))
        .map((t) => ({ svc: t.full.split('.')[1], type: t, events: t.fields.filter((f) => f.oneof) }));
}

const CE = {
    type: 'object',
    description: 'CloudEvents 1.0 attributes; on Kafka as record headers, on NATS as message headers.',
    properties: {
        ce_id: { type: 'string', description: 'meta.event_id; on NATS also Nats-Msg-Id' },
        ce_source: { type: 'string', description: 'meta.producer' },
        ce_type: { type: 'string', description: 'full name of the event\'s message' },
        ce_subject: { type: 'string', description: 'the thread id' },
        ce_time: { type: 'string', format: 'date-time' },
        ce_specversion: { const: '1.0' },
        'content-type': { const: 'application/protobuf' },
        traceparent: { type: 'string' },
    },
};

// ---- the two documents --------------------------------------------------------------------------

function asyncapi() {
    const client = frames('ClientMessage', 'id', 'client');
    const server = frames('ServerMessage', 'in_reply_to', 'server');
    const cobrowse = cobrowseMessages();
    const messages = { ...client.messages, ...server.messages, ...cobrowse };
    const roots = [...client.used, ...server.used];
    const inChannel = (names) => Object.fromEntries(names.map((n) => [n, ref('components/messages', n)]));
    const ofChannel = (channel, names) => names.map((n) => ref(`channels/${channel}/messages`, n));
    const cobrowseOf = (side) => Object.keys(COBROWSE[side]).map((t) => `cobrowse_${t}`);
    const channels = {
        gateway: {
            address: '/v1/ws', servers: [ref('servers', 'edge')],
            description: 'One WebSocket for each session.  Sub-protocols: threadline.v1 and ticket.<ticket> from POST /v1/sessions.  Each text frame is one ClientMessage or ServerMessage as JSON: '
                + 'its member is a key of the frame beside id or in_reply_to; fields with their default value are left out; enums are their names.  First come welcome and snapshot.  '
                + 'A frame that is not JSON or does not fit, or that the role may not send, is answered with error and the socket closes with 1008.  '
                + 'Close codes: 1000 from the client means that it leaves for good; 1009 frame over 64 KiB; 1012 restart, come back; 1013 too slow; 4008 a customer without a contact has said nothing for 30 minutes, come back with something to say; 4009 a newer socket of the same session is open, do not come back.',
            messages: inChannel([...Object.keys(client.messages), ...Object.keys(server.messages)]),
        },
        cobrowse: {
            address: '/v1/cobrowse', servers: [ref('servers', 'edge')],
            description: 'One room for a contact whose customer has consented.  Sub-protocols: threadline.cobrowse.v1 and ticket.<ticket> from cobrowse_grant.  '
                + 'Three frames that no honest browser sends (scripts, handlers, script URLs, frames with contents, unknown events, too fast, too big) end it with 1008 for who sent them.',
            messages: inChannel(Object.keys(cobrowse)),
        },
    };
    const operations = {
        fromClient: { action: 'receive', channel: ref('channels', 'gateway'), summary: 'What a browser may say.', messages: ofChannel('gateway', Object.keys(client.messages)) },
        toClient: { action: 'send', channel: ref('channels', 'gateway'), summary: 'What a browser is told.', messages: ofChannel('gateway', Object.keys(server.messages)) },
        pageFromCustomer: { action: 'receive', channel: ref('channels', 'cobrowse'), summary: 'The page, passed on to the agent.', messages: ofChannel('cobrowse', cobrowseOf('customer')) },
        marksFromAgent: { action: 'receive', channel: ref('channels', 'cobrowse'), summary: 'What the agent shows, passed on to the customer.', messages: ofChannel('cobrowse', cobrowseOf('agent')) },
        roomToBoth: { action: 'send', channel: ref('channels', 'cobrowse'), summary: 'What the room says.', messages: ofChannel('cobrowse', cobrowseOf('relay')) },
    };
    for (const { svc, type, events } of envelopes()) {
        const names = events.map((e) => `event_${svc}_${e.name}`);
        for (const e of events) {
            roots.push(e.type, 'threadline.event.v1.Meta');
            messages[`event_${svc}_${e.name}`] = {
                name: e.type, title: e.type.split('.').pop(), summary: types.get(e.type).text || `${type.name}.${e.name}`,
                contentType: 'application/protobuf', headers: ref('components/schemas', 'CloudEvents'),
                payload: { type: 'object', properties: { meta: ref('components/schemas', shortName('threadline.event.v1.Meta', 'signaling')),
                    [e.name]: ref('components/schemas', shortName(e.type, 'signaling')) }, required: ['meta', e.name] },
            };
        }
        channels[`events_${svc}`] = {
            address: `threadline.${svc}.v1`, servers: [ref('servers', 'kafka'), ref('servers', 'nats')],
            description: `Kafka topic threadline.${svc}.v1; each record is one ${type.full} in protobuf, its key ${KEYS[svc] ?? 'the thread id'}.  `
                + `On NATS (stream ${svc === 'clickstream' ? 'CLICKS' : 'EVENTS'}) the subject is ${svc === 'clickstream' ? 'tl.clicks' : `tl.events.${svc}`}.<event>.<key>.  meta.producer, boot and seq are contiguous: a gap is a lost event.  ${type.text}`.trim(),
            messages: inChannel(names),
        };
        operations[`${svc}Events`] = { action: 'send', channel: ref('channels', `events_${svc}`), messages: ofChannel(`events_${svc}`, names) };
    }
    return {
        asyncapi: '3.0.0',
        info: { title: 'Threadline: WebSockets and event stream', version: '1.0.0',
            description: 'Generated from proto/ by docs/api/generate.mjs; the REST API is openapi.yaml beside it.  The descriptor set is served at /v1/schemas.' },
        defaultContentType: 'application/json',
        servers: {
            edge: { host: '127.0.0.1:18000', protocol: 'ws', description: 'the one origin; wss in front of the internet' },
            kafka: { host: '127.0.0.1:18092', protocol: 'kafka', description: 'for analysts' },
            nats: { host: '127.0.0.1:18022', protocol: 'nats', description: 'inside; JetStream keeps events until Kafka has them' },
        },
        channels, operations,
        components: { messages, schemas: { CloudEvents: CE, ...closure(roots, types, 'signaling') } },
    };
}

const MARK = '# ---- below: generated from proto/ by docs/api/generate.mjs ----\n';
const REST = ['signaling.v1.SignInRequest', 'signaling.v1.SignInResponse', 'signaling.v1.NewSessionRequest', 'signaling.v1.NewSessionResponse',
    'signaling.v1.Board', 'clickstream.v1.CollectRequest', 'clickstream.v1.CollectResponse'].map((n) => `threadline.${n}`);

function openapi(before) {
    const head = before.slice(0, before.indexOf(MARK));
    const schemas = yaml(closure(REST, types, 'signaling'), '    ');
    return `${head}${MARK}  schemas:${schemas}`;
}

// ---- routes -------------------------------------------------------------------------------------

/** "GET /v1/board" of every public route in the services' sources. */
function servedRoutes() {
    const found = new Set();
    const services = path.join(root, 'services');
    for (const file of readdirSync(services, { recursive: true })) {
        if (!file.endsWith('.c') || /(^|\/)(kit|tests|bench|fuzz|node_modules)\//.test(file)) continue;
        const text = readFileSync(path.join(services, file), 'utf8');
        for (const [, method, route] of text.matchAll(/"(GET|POST|PUT|PATCH|DELETE)",\s*(?:\.path = )?"(\/(?:v1\/|echo)[^"]*)"/g))
            found.add(`${method} ${route}`);
    }
    return found;
}

function describedRoutes(text) {
    const found = new Set();
    let route = '';
    for (const line of text.slice(0, text.indexOf(MARK)).split('\n')) {
        const p = /^ {2}(\/[^:]*):$/.exec(line);
        const m = /^ {4}(get|post|put|patch|delete):$/.exec(line);
        if (p) route = p[1];
        else if (m) found.add(`${m[1].toUpperCase()} ${route}`);
    }
    return found;
}

// ---- main ---------------------------------------------------------------------------------------

const check = process.argv.includes('--check');
const complaints = [];
const file = (name) => path.join(here, name);
const open = readFileSync(file('openapi.yaml'), 'utf8');

if (!open.includes(MARK)) throw new Error('openapi.yaml: the line that divides it is missing');
for (const [name, text] of [
    ['asyncapi.yaml', `# Generated by docs/api/generate.mjs: change proto/ and run it again.\n${yaml(asyncapi()).slice(1)}`],
    ['openapi.yaml', openapi(open)]]) {
    const now = existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '';
    if (now === text) continue;
    if (check) complaints.push(`${name} is not what proto/ says: run node docs/api/generate.mjs`);
    else writeFileSync(file(name), text);
}
const served = servedRoutes();
const described = describedRoutes(open);
for (const r of served) if (!described.has(r)) complaints.push(`openapi.yaml: ${r} is served and not described`);
for (const r of described) if (!served.has(r)) complaints.push(`openapi.yaml: ${r} is described and not served`);
for (const c of complaints) console.log(c);
if (!complaints.length)
    console.log(`api: ${types.size} types, ${envelopes().reduce((n, e) => n + e.events.length, 0)} events of ${envelopes().length} envelopes, ${served.size} routes`);
process.exit(complaints.length ? 1 : 0);
