// Sending legs and the desk's devices with peer connections and streams that a test makes: what is kept, what is
// tried again, and what is switched off.
// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ContactState } from '../src/lib/api';
import { SendLeg } from '../src/lib/media';
import { RequestError, type GatewaySocket } from '../src/lib/socket';
import { DeskMedia } from '../src/desk/media';

class FakeTrack {
  readyState = 'live';
  enabled = true;
  contentHint = '';
  onended: (() => void) | null = null;
  constructor(readonly kind: string) {}
  stop() { this.readyState = 'ended'; }
}

class FakeStream {
  readonly tracks: FakeTrack[];
  constructor(...kinds: string[]) { this.tracks = kinds.map(k => new FakeTrack(k)); }
  getTracks() { return this.tracks; }
  getAudioTracks() { return this.tracks.filter(t => t.kind === 'audio'); }
  getVideoTracks() { return this.tracks.filter(t => t.kind === 'video'); }
  get live() { return this.tracks.some(t => t.readyState === 'live'); }
}

class FakeConnection {
  connectionState = 'new';
  iceGatheringState = 'complete';
  localDescription = { sdp: 'v=0' };
  onconnectionstatechange: (() => void) | null = null;
  ontrack: unknown = null;
  constructor() { connections.push(this); }
  addTransceiver() { return undefined; }
  createOffer() { return Promise.resolve({}); }
  setLocalDescription() { return Promise.resolve(); }
  setRemoteDescription() { return Promise.resolve(); }
  getSenders() { return []; }
  close() { this.connectionState = 'closed'; }
  becomes(state: string) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

let connections: FakeConnection[];
let offers: { leg_id: string }[];
let refuse: boolean;
const settle = () => vi.advanceTimersByTimeAsync(0);
const stream = (...kinds: string[]) => new FakeStream(...kinds) as FakeStream & MediaStream;

const socket = { request: (kind: string, body: { leg_id: string }) => {
  if (kind !== 'media_offer')
    return Promise.resolve({ kind: 'ok', body: {} });
  offers.push(body);
  return refuse ? Promise.reject(new RequestError(503, 'not now'))
    : Promise.resolve({ kind: 'media_answer', body: { sdp: 'v=0' } });
} } as unknown as GatewaySocket;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
  connections = [];
  offers = [];
  refuse = false;
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('a leg that is sent', () => {
  const make = () => new SendLeg({ socket, kind: 'LEG_KIND_AUDIO', contact_id: 'c', instance: () => 'm1',
    stream: stream('audio') });

  it('is tried again although both the browser and the server say that it failed', async () => {
    refuse = true;
    const leg = make();
    leg.start();
    await settle(); /* refused, and at once refused again: now it waits */
    expect([leg.state, offers.length]).toEqual(['waiting', 2]);
    leg.serverClosed(offers[1]!.leg_id, 'setup_failed');
    refuse = false;
    await vi.advanceTimersByTimeAsync(6000);
    expect(offers.length).toBe(3);
    connections.at(-1)!.becomes('connected');
    expect(leg.state).toBe('up');
    leg.close();
  });

  it('is not waited for without end when it stumbles twice', async () => {
    const leg = make();
    leg.start();
    await settle();
    connections[0]!.becomes('connected');
    connections[0]!.becomes('disconnected');
    connections[0]!.becomes('connecting');
    connections[0]!.becomes('disconnected');
    await vi.advanceTimersByTimeAsync(2000);
    expect(connections.length).toBe(2);
    leg.close();
  });

  it('is tried again when the answer is none', async () => {
    const request = vi.spyOn(socket, 'request').mockResolvedValueOnce({ kind: 'ok' } as never);
    const leg = make();
    leg.start();
    await settle();
    request.mockRestore();
    await vi.advanceTimersByTimeAsync(6000);
    expect(connections.length).toBe(2);
    leg.close();
  });
});

describe('the desk', () => {
  const contact = { contact_id: 'c', channel: 'CHANNEL_VIDEO', phase: 'CONTACT_PHASE_CONNECTED' } as ContactState;
  let given: FakeStream[];
  let give: (() => void)[];

  beforeEach(() => {
    given = [];
    give = [];
    const slow = (...kinds: string[]) => new Promise(resolve => give.push(() => {
      given.push(stream(...kinds));
      resolve(given.at(-1));
    }));
    vi.stubGlobal('navigator', { mediaDevices: {
      addEventListener: () => undefined, enumerateDevices: () => Promise.resolve([]),
      getUserMedia: (o: { audio?: unknown }) => slow(o.audio ? 'audio' : 'video'),
      getDisplayMedia: () => slow('video'),
    } });
  });
  const giveNext = async () => {
    give.shift()!();
    await settle();
  };

  it('leaves no microphone on when the agent signed out before it came', async () => {
    const media = new DeskMedia(socket);
    void media.begin('m1', false);
    media.end();
    await giveNext();
    expect(given[0]!.live).toBe(false);
    expect(offers).toEqual([]);
  });

  it('leaves no camera on when the agent signed out before it came', async () => {
    const media = new DeskMedia(socket);
    void media.show(contact);
    media.end();
    await giveNext();
    expect(given[0]!.live).toBe(false);
    void media.show(contact); /* a late answer must not switch it on again */
    expect(give).toEqual([]);
    expect(offers).toEqual([]);
  });

  it('asks once for a camera that it does not get, and again when the agent wants it', async () => {
    const asked = vi.fn(() => Promise.reject(new DOMException('dismissed', 'NotAllowedError')));
    navigator.mediaDevices.getUserMedia = asked;
    const media = new DeskMedia(socket);
    for (let i = 0; i < 3; i++) { /* with each push */
      void media.show(contact);
      await settle();
    }
    expect(asked).toHaveBeenCalledTimes(1);
    media.setCamera(true);
    await settle();
    expect(asked).toHaveBeenCalledTimes(2);
    await media.useCamera('another');
    await settle();
    expect(asked).toHaveBeenCalledTimes(3);
    void media.show({ ...contact, contact_id: 'next' });
    await settle();
    expect(asked).toHaveBeenCalledTimes(4);
  });

  it('shares no screen with somebody who is gone', async () => {
    const media = new DeskMedia(socket);
    let there = true;
    void media.shareScreen(contact, () => there);
    there = false;
    await giveNext();
    expect(given[0]!.live).toBe(false);
    expect(media.state.get().screen).toBeNull();
    expect(offers).toEqual([]);
  });

  it('shares the screen with who is there', async () => {
    const media = new DeskMedia(socket);
    void media.shareScreen(contact, () => true);
    await giveNext();
    expect(given[0]!.live).toBe(true);
    expect(offers.length).toBe(1);
    media.end();
    expect(given[0]!.live).toBe(false);
  });
});
