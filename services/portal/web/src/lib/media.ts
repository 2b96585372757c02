/**
 * Peer connections: one per leg, complete candidates in the description (no trickle).
 * SendLeg offers (audio, camera, screen) and keeps itself alive; ViewLeg answers the server.
 * All decisions are in leg.ts; this file only carries them out.
 */
import { isMediaAnswer, type GatewaySocket } from './gateway';
import { newConnection } from './ice';
import { ulid } from './ids';
import { legStep, newLeg, type LegFact, type LegMachine, type LegState } from './leg';
import type { LegKind, MediaOffer } from './api';

const GATHER_MS = 500; // host candidates are there in a few ms; a slow interface is not waited for

/** Reasons of media_closed that say: the place is another leg's now, or nobody needs it. */
const WANTED_ENDS = new Set(['replaced', 'released', 'closed']);

export interface SendLegOptions {
  socket: GatewaySocket;
  kind: LegKind;
  contact_id: string; // empty for an agent's standing leg
  /** Asked at each try, because a restarted media server may have another name. */
  instance: () => string;
  stream: MediaStream;
  onStream?: (remote: MediaStream) => void;
  onState?: (state: LegState) => void;
}

export class SendLeg {
  private m: LegMachine = newLeg();
  private pc: RTCPeerConnection | null = null;
  private legId = '';
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly o: SendLegOptions) {}

  get state(): LegState {
    return this.m.state;
  }

  get connection(): RTCPeerConnection | null {
    return this.pc;
  }

  /** Begin; or fetch back what another tab took. */
  start(): void {
    this.step({ type: 'start' });
  }

  /** The media server is new, or our session is: whatever we had there is gone. */
  reoffer(): void {
    this.step({ type: 'reoffer' });
  }

  /** The server ended a leg.  If it was ours and nobody wanted that, bring a new one. */
  serverClosed(leg_id: string, reason: string): void {
    if (leg_id === this.legId)
      this.step({ type: WANTED_ENDS.has(reason) ? 'taken' : 'failed' });
  }

  /** End the leg here and there.  The tracks stay with their owner. */
  close(tell = true): void {
    if (tell && !['closed', 'idle', 'taken'].includes(this.m.state)) {
      this.o.socket.request('media_close', {
        instance: this.o.instance(), contact_id: this.o.contact_id, leg_id: this.legId,
        reason: 'closed',
      }).catch(() => undefined); /* the contact's end closes the leg as well */
    }
    this.step({ type: 'close' });
  }

  /** Send other tracks (another microphone, another camera) without a new description. */
  async replace(stream: MediaStream): Promise<void> {
    this.o.stream = stream;
    for (const sender of this.pc?.getSenders() ?? []) {
      const track = stream.getTracks().find(t => t.kind === sender.track?.kind);
      if (track)
        await sender.replaceTrack(track);
    }
  }

  private step(fact: LegFact): void {
    const [next, decision] = legStep(this.m, fact, Math.random());
    const changed = next.state !== this.m.state;
    this.m = next;
    if (!changed && decision.do === 'nothing')
      return; /* nothing new: the timer that runs still stands */
    if (this.timer)
      clearTimeout(this.timer);
    this.timer = null;
    if (decision.do === 'offer')
      void this.offer();
    else if (decision.do === 'wait')
      this.timer = setTimeout(() => this.step({ type: 'timer' }), decision.ms);
    else if (decision.do === 'drop')
      this.drop();
    if (changed)
      this.o.onState?.(next.state);
  }

  private async offer(): Promise<void> {
    this.drop();
    const pc = newConnection();
    const leg_id = ulid();
    this.pc = pc;
    this.legId = leg_id;
    const mine = () => this.pc === pc;
    pc.onconnectionstatechange = () => {
      const s = pc.connectionState;
      if (mine() && (s === 'connected' || s === 'disconnected' || s === 'failed'))
        this.step({ type: s });
    };
    if (this.o.kind === 'LEG_KIND_AUDIO')
      pc.ontrack = e => this.o.onStream?.(e.streams[0] ?? new MediaStream([e.track]));
    try {
      for (const track of this.o.stream.getTracks())
        pc.addTransceiver(track, {
          streams: [this.o.stream],
          direction: this.o.kind === 'LEG_KIND_AUDIO' ? 'sendrecv' : 'sendonly',
        });
      await pc.setLocalDescription(await pc.createOffer());
      await gathered(pc);
      if (!mine())
        return;
      const answer = await this.o.socket.request('media_offer', {
        instance: this.o.instance(), contact_id: this.o.contact_id, leg_id, kind: this.o.kind,
        sdp: pc.localDescription!.sdp,
      }, { repeat: false, timeout_ms: 5000 });
      if (!mine())
        return;
      if (!isMediaAnswer(answer))
        throw new Error('no answer to an offer');
      await pc.setRemoteDescription({ type: 'answer', sdp: answer.body.sdp ?? '' });
      if (mine())
        this.step({ type: 'answered' });
      if (mine() && pc.connectionState === 'connected')
        this.step({ type: 'connected' });
    } catch {
      if (mine())
        this.step({ type: 'refused' });
    }
  }

  private drop(): void {
    const pc = this.pc;
    this.pc = null;
    if (!pc)
      return;
    pc.onconnectionstatechange = pc.ontrack = null;
    pc.close();
  }
}

/** What the customer receives: the agent's camera or screen.  The server offers, we answer. */
export class ViewLeg {
  readonly leg_id: string;
  readonly stream = new MediaStream();
  private readonly pc = newConnection();

  constructor(private readonly socket: GatewaySocket, private readonly offer: MediaOffer,
    onChange: () => void) {
    this.leg_id = offer.leg_id ?? '';
    this.pc.ontrack = e => {
      this.stream.addTrack(e.track);
      e.track.onunmute = e.track.onmute = onChange;
      onChange();
    };
    this.pc.onconnectionstatechange = onChange;
  }

  /** A shared screen, which the customer wants to read, or a face. */
  get isScreen(): boolean {
    return this.offer.shows === 'LEG_KIND_SCREEN';
  }

  get alive(): boolean {
    return this.pc.connectionState !== 'failed' && this.pc.connectionState !== 'closed';
  }

  get showing(): boolean {
    return this.alive && this.stream.getVideoTracks().some(t => t.readyState === 'live');
  }

  async answer(): Promise<void> {
    await this.pc.setRemoteDescription({ type: 'offer', sdp: this.offer.sdp ?? '' });
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    await gathered(this.pc);
    await this.socket.request('media_answer', {
      instance: this.offer.instance ?? '', contact_id: this.offer.contact_id ?? '',
      leg_id: this.leg_id, sdp: this.pc.localDescription!.sdp,
    }, { repeat: false });
  }

  /** A later offer for the same leg: the server changed what it sends. */
  async renew(sdp: string): Promise<void> {
    this.offer.sdp = sdp;
    await this.answer();
  }

  close(): void {
    this.pc.ontrack = this.pc.onconnectionstatechange = null;
    this.pc.close();
  }
}

/** All candidates are in the local description, or GATHER_MS have passed. */
function gathered(pc: RTCPeerConnection): Promise<void> {
  if (pc.iceGatheringState === 'complete')
    return Promise.resolve();
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      pc.removeEventListener('icegatheringstatechange', check);
      resolve();
    };
    const check = () => {
      if (pc.iceGatheringState === 'complete')
        done();
    };
    const timer = setTimeout(done, GATHER_MS);
    pc.addEventListener('icegatheringstatechange', check);
  });
}

/** Microphone, camera or screen off, and nobody is told of it as of a loss. */
export function stop(stream: MediaStream | null): void {
  for (const t of stream?.getTracks() ?? []) {
    t.onended = null;
    t.stop();
  }
}
