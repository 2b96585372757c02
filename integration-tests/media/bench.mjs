// What the stories of media-relay need: the bus in the gateway's place, and pages with nothing but a
// PeerConnection.  Nobody else of the platform takes part.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { connect } from 'nats';
import protobuf from 'protobufjs';
import { root, sleep, until } from '../lib/platform.mjs';

const schema = new protobuf.Root();
schema.resolvePath = (_from, target) => path.join(root, 'proto', target);
await schema.load(['threadline/media/v1/commands.proto', 'threadline/media/v1/events.proto',
  'threadline/signaling/v1/client.proto'], { keepCase: true });

export const type = name => schema.lookupType(`threadline.${name}`);
const decode = (name, bytes) => type(name).toObject(type(name).decode(bytes),
  { longs: Number, enums: String, oneofs: true, defaults: true });

/** The bus: commands, and what is pushed to sessions and agents. */
export class Bus {
  static async open() {
    const bus = new Bus();
    const file = process.env.TL_BENCH_NATS_PASSWORD_FILE;
    bus.nc = await connect({
      servers: process.env.TL_NATS_URL, inboxPrefix: '_INBOX.bench',
      ...(file ? { user: process.env.TL_BENCH_NATS_USER, pass: readFileSync(file, 'utf8').trim() } : {}),
    });
    bus.pushed = [];
    bus.events = [];
    for (const subject of ['tl.session.*', 'tl.agent.*'])
      bus.nc.subscribe(subject, { callback: (_e, m) => bus.take(m) });
    bus.nc.subscribe('tl.events.media.>', { callback: (_e, m) =>
      bus.events.push(decode('media.v1.MediaEvent', m.data)) });
    return bus;
  }

  take(m) {
    const message = decode('signaling.v1.ServerMessage', m.data);
    const push = { ...message[message.body], to: m.subject.split('.')[2], at: Date.now(), body: message.body };
    this.pushed.push(push);
    this.onPush?.(push);
  }

  /** Ask the relay; a refusal is {code, reason}. */
  async ask(method, fields, tries = 20) {
    const name = method.replace(/(^|_)(.)/g, (_m, _u, c) => c.toUpperCase());
    const request = type(`media.v1.${name}Request`);
    const bytes = request.encode(request.fromObject(fields)).finish();
    for (let i = 0; ; i++) {
      try {
        const m = await this.nc.request(`tl.cmd.media.m1.${method}`, bytes, { timeout: 1500 });
        const code = Number(m.headers?.get('Nats-Service-Error-Code') || 0);
        if (code === 503 && i < tries) throw new Error('503');
        return code ? { code, reason: m.headers.get('Nats-Service-Error') }
          : decode(`media.v1.${name}Response`, m.data);
      } catch (e) {
        if (i >= tries) throw e;
        await sleep(100);
      }
    }
  }

  async push(what, test, ms = 20_000) {
    return until(what, () => this.pushed.find(test), ms, 10);
  }

  close() {
    return this.nc.close();
  }
}

/** An origin for pages that need no more than to be secure. */
export async function emptySite() {
  const html = '<!doctype html><audio data-testid="remote-audio" autoplay></audio>'
    + '<video data-testid="view" autoplay muted playsinline></video>';
  const server = createServer((_q, s) => s.setHeader('content-type', 'text/html').end(html));
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** One person's browser page and the legs it brings. */
export class Person {
  constructor(bus, page, actor) {
    Object.assign(this, { bus, page, actor });
  }

  /** Offer a leg and set the relay's answer; resolves with the time it took [ms] once media can flow. */
  async bring(kind, contact = '') {
    const leg = randomUUID();
    const began = Date.now();
    const sdp = await this.page.evaluate(async ({ kind: k, leg: id }) => {
      const pc = new RTCPeerConnection();
      (window.legs ??= {})[id] = pc;
      if (k === 'AUDIO') {
        const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
        window.mic ??= await navigator.mediaDevices.getUserMedia({ audio });
        pc.addTrack(window.mic.getAudioTracks()[0], window.mic);
        pc.ontrack = e => { document.querySelector('audio').srcObject = e.streams[0] ?? new MediaStream([e.track]); };
        window.audioLeg = pc;
      } else {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [320, 180];
        const g = canvas.getContext('2d');
        let n = 0;
        setInterval(() => { g.fillStyle = `hsl(${n++ * 9}, 80%, 50%)`; g.fillRect(0, 0, 320, 180); }, 66);
        pc.addTrack(canvas.captureStream(15).getVideoTracks()[0]);
      }
      await pc.setLocalDescription();
      if (pc.iceGatheringState !== 'complete')
        await new Promise(done => pc.addEventListener('icegatheringstatechange',
          () => pc.iceGatheringState === 'complete' && done()));
      return pc.localDescription.sdp;
    }, { kind, leg });
    const response = await this.bus.ask('offer_leg', { actor: this.actor,
      offer: { instance: 'm1', contact_id: contact, leg_id: leg, kind: `LEG_KIND_${kind}`, sdp } });
    if (response.code) return { leg, ...response };
    await this.page.evaluate(async ({ id, sdp: answer }) => {
      const pc = window.legs[id];
      await pc.setRemoteDescription({ type: 'answer', sdp: answer });
      if (pc.connectionState !== 'connected')
        await new Promise(done => pc.addEventListener('connectionstatechange',
          () => pc.connectionState === 'connected' && done()));
    }, { id: leg, sdp: response.answer.sdp });
    return { leg, ms: Date.now() - began, sdp };
  }

  /** Answer a view that was pushed. */
  async watch(push) {
    const sdp = await this.page.evaluate(async ({ id, sdp: offer }) => {
      const pc = new RTCPeerConnection();
      (window.legs ??= {})[id] = pc;
      pc.ontrack = e => { document.querySelector('video').srcObject = new MediaStream([e.track]); };
      await pc.setRemoteDescription({ type: 'offer', sdp: offer });
      await pc.setLocalDescription();
      if (pc.iceGatheringState !== 'complete')
        await new Promise(done => pc.addEventListener('icegatheringstatechange',
          () => pc.iceGatheringState === 'complete' && done()));
      return pc.localDescription.sdp;
    }, { id: push.leg_id, sdp: push.sdp });
    return this.bus.ask('answer_leg', { actor: this.actor,
      answer: { instance: 'm1', contact_id: push.contact_id, leg_id: push.leg_id, sdp } });
  }

  /** The page is loaded again: everything in it is gone. */
  reload() {
    return this.page.reload();
  }

  /** Received audio packets, losses and concealed samples of the running audio leg. */
  audioStats() {
    return this.page.evaluate(async () => {
      const out = {};
      for (const s of (await window.audioLeg.getStats()).values())
        if (s.type === 'inbound-rtp')
          Object.assign(out, { packets: s.packetsReceived, lost: s.packetsLost,
            concealed: s.concealedSamples, concealments: s.concealmentEvents, samples: s.totalSamplesReceived });
      return out;
    });
  }
}
