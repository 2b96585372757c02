// One contact of the customer, with a browser and a gateway that the test plays: what stays on, what is shared,
// what is said, when things come late.
// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Call } from '../src/widget/call/call';
import { Memory, safeStorage } from '../src/widget/memory';
import type { WidgetHost } from '../src/widget/host';

type Frame = Record<string, Record<string, unknown>> & { id?: string };

class FakeSocket {
  sent: Frame[] = [];
  closed = 0;
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  constructor(readonly url: string) { sockets.push(this); }
  send(text: string) { this.sent.push(JSON.parse(text) as Frame); }
  close(code: number) { this.closed = code; }
  says(frame: object) { this.onmessage?.({ data: JSON.stringify(frame) }); }
  asked(kind: string) { return this.sent.filter(f => kind in f); }
  answers(kind: string, frame: object) {
    this.says({ in_reply_to: this.asked(kind).at(-1)!.id, ...frame });
  }
}

class FakeTrack {
  kind = 'audio';
  enabled = true;
  live = true;
  onended: (() => void) | null = null;
  stop() { this.live = false; }
}

class FakeMic {
  readonly track = new FakeTrack();
  getTracks() { return [this.track]; }
  getAudioTracks() { return [this.track]; }
}

class FakeConnection {
  iceGatheringState = 'complete';
  localDescription = { sdp: 'v=0' };
  addTransceiver() { return undefined; }
  createOffer() { return Promise.resolve({}); }
  setLocalDescription() { return Promise.resolve(); }
  setRemoteDescription() { return Promise.resolve(); }
  getSenders() { return []; }
  close() { return undefined; }
}

let sockets: FakeSocket[];
let mics: FakeMic[];
let giveMic: (() => void)[];
let refuseSession: number;
let told: string[]; // events for the site
let memory: Memory;
let call: Call;
const settle = () => vi.advanceTimersByTimeAsync(0);
const gateway = () => sockets.filter(s => s.url.endsWith('/v1/ws')).at(-1)!;
const state = (phase: string, more: object = {}) =>
  ({ contact_state: { contact_id: 'c1', phase: `CONTACT_PHASE_${phase}`, ...more } });

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  mics = [];
  giveMic = [];
  refuseSession = 0;
  told = [];
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  vi.stubGlobal('fetch', () => Promise.resolve(refuseSession
    ? new Response('{}', { status: refuseSession }) : new Response('{"ticket":"t"}')));
  vi.stubGlobal('navigator', {
    permissions: { query: () => Promise.resolve({ state: 'granted' }) },
    mediaDevices: { getUserMedia: () => new Promise(resolve => giveMic.push(() => {
      mics.push(new FakeMic());
      resolve(mics.at(-1));
    })) },
  });
  const nowhere = () => { throw new Error('denied'); };
  memory = new Memory(safeStorage(nowhere), safeStorage(nowhere));
  call = new Call({ origin: '', memory, root: {}, emit: (event: string) => told.push(event), setOpen: () => undefined,
    tracker: { section: 'shop', address: () => '/', token: () => Promise.resolve('visitor') },
  } as unknown as WidgetHost);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function greeted(snapshot: object = {}) {
  await settle();
  gateway().says({ welcome: { session_id: 's', resume_token: 'r' } });
  gateway().says({ snapshot });
  await settle();
}

async function accepted(channel: 'CHANNEL_VOICE' | 'CHANNEL_CHAT') {
  void call.begin(channel, false);
  await greeted();
  gateway().answers('request_contact', { contact_accepted: { contact_id: 'c1', media_instance: 'm1' } });
  await settle();
}

async function giveNext() {
  giveMic.shift()!();
  await settle();
}

describe('the microphone', () => {
  it('is on for the call and off after it', async () => {
    await accepted('CHANNEL_VOICE');
    await giveNext();
    expect([mics[0]!.track.live, gateway().asked('media_offer').length]).toEqual([true, 1]);
    gateway().says(state('ENDED', { outcome: 'CONTACT_OUTCOME_COMPLETED' }));
    expect(mics[0]!.track.live).toBe(false);
  });

  it('does not stay on when nobody is free before it came', async () => {
    await accepted('CHANNEL_VOICE');
    gateway().says(state('ENDED', { outcome: 'CONTACT_OUTCOME_CLOSED' }));
    await giveNext();
    expect(mics[0]!.track.live).toBe(false);
    expect(call.state.get()).toMatchObject({ step: 'problem', problem: { title: 'Nobody is free right now' } });
    expect(gateway().asked('media_offer')).toEqual([]);
  });

  it('of a call that was left is not that of the next one', async () => {
    await accepted('CHANNEL_VOICE');
    void call.end();
    await settle();
    gateway().answers('end_contact', { ok: {} });
    await settle();
    call.retry();
    void call.begin('CHANNEL_VOICE', false);
    await settle();
    await giveNext(); /* the one of the first call */
    expect(mics[0]!.track.live).toBe(false);
    expect(call.state.get().step).toBe('starting');
    gateway().answers('request_contact', { contact_accepted: { contact_id: 'c2', media_instance: 'm1' } });
    await settle();
    await giveNext();
    expect(mics[1]!.track.live).toBe(true);
    expect(gateway().asked('media_offer').map(f => f['media_offer']!['contact_id'])).toEqual(['c2']);
  });
});

describe('a call', () => {
  it('that is over stays over, whatever was still on its way', async () => {
    await accepted('CHANNEL_CHAT');
    gateway().says(state('CONNECTED'));
    gateway().says(state('ENDED', { outcome: 'CONTACT_OUTCOME_COMPLETED' }));
    gateway().says(state('CONNECTED'));
    expect(call.state.get().step).toBe('done');
  });

  it('whose acceptance nobody heard is not left in line, and can be asked for again', async () => {
    void call.begin('CHANNEL_CHAT', false);
    await greeted();
    await vi.advanceTimersByTimeAsync(10_001);
    expect(call.state.get()).toMatchObject({ step: 'problem', problem: { offerRetry: true } });
    expect(gateway().closed).toBe(1000); /* with its session goes what may wait for it */
    expect(memory.tab.getItem('tl.resume')).toBeNull();
    call.retry();
    void call.begin('CHANNEL_CHAT', false);
    await greeted();
    expect(sockets.length).toBe(2);
    expect(gateway().asked('request_contact').length).toBe(1);
  });

  it('can be rated as long as its question stands there', async () => {
    await accepted('CHANNEL_CHAT');
    gateway().says(state('CONNECTED'));
    gateway().says({ survey: { contact_id: 'c1', question: 'Well?' } });
    gateway().says(state('ENDED', { outcome: 'CONTACT_OUTCOME_COMPLETED' }));
    await vi.advanceTimersByTimeAsync(90_000);
    call.rate(5);
    expect(gateway().asked('answer_survey').length).toBe(1);
    gateway().answers('answer_survey', { ok: {} });
    await vi.advanceTimersByTimeAsync(61_000);
    expect(gateway().closed).toBe(1000);
  });
});

describe('the site', () => {
  it('hears of an end for each contact that it heard of', async () => {
    await accepted('CHANNEL_CHAT');
    gateway().says(state('CONNECTED'));
    gateway().says(state('ENDED', { outcome: 'CONTACT_OUTCOME_COMPLETED' }));
    expect(told).toEqual(['contact', 'connected', 'ended']);
  });

  it('of none whose microphone does not start after all: nobody waits in line', async () => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('busy', 'NotReadableError'));
    await accepted('CHANNEL_VOICE');
    expect(call.state.get()).toMatchObject({ step: 'problem', problem: { offerChat: true } });
    expect(told).toEqual([]);
    expect(gateway().asked('end_contact').map(f => f['end_contact']!['contact_id'])).toEqual(['c1']);
  });

  it('also when it fails a moment later', async () => {
    let fail = () => undefined as void;
    navigator.mediaDevices.getUserMedia = () => new Promise((_, no) => {
      fail = () => no(new DOMException('busy', 'NotReadableError'));
    });
    await accepted('CHANNEL_VOICE');
    fail();
    await settle();
    expect(call.state.get()).toMatchObject({ step: 'problem', problem: { offerChat: true } });
    expect(told).toEqual(['contact', 'ended']);
    expect(gateway().asked('end_contact').length).toBe(1);
    gateway().answers('end_contact', { ok: {} });
    gateway().says(state('ENDED', { outcome: 'CONTACT_OUTCOME_ABANDONED' }));
    expect(call.state.get().step).toBe('problem');
  });

  it('also when the call is lost for good', async () => {
    await accepted('CHANNEL_CHAT');
    refuseSession = 401;
    gateway().onclose!({ code: 1006 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual(['contact', 'ended']);
  });
});

describe('a lost connection', () => {
  it('is said until it is back, not only between two tries', async () => {
    await accepted('CHANNEL_CHAT');
    expect(call.state.get().away).toBe(false);
    refuseSession = 503;
    gateway().onclose!({ code: 1006 });
    const said: boolean[] = [];
    call.state.subscribe(s => said.push(s.away));
    await vi.advanceTimersByTimeAsync(5000);
    expect(said.length).toBeGreaterThan(0);
    expect(said.every(Boolean)).toBe(true);
    refuseSession = 0;
    while (sockets.length === 1)
      await vi.advanceTimersByTimeAsync(100);
    gateway().says({ snapshot: { contacts: [{ contact_id: 'c1', phase: 'CONTACT_PHASE_WAITING' }] } });
    expect(call.state.get()).toMatchObject({ away: false, step: 'waiting' });
  });
});

describe('the shared page', () => {
  const shared = async () => {
    await accepted('CHANNEL_CHAT');
    gateway().says(state('CONNECTED'));
    call.consent(true);
    gateway().says({ cobrowse_grant: { contact_id: 'c1', ticket: 'k' } });
    await settle();
    return sockets.find(s => s.url.endsWith('/v1/cobrowse'))!;
  };

  it('is not shown any more when the call is lost for good', async () => {
    const room = await shared();
    refuseSession = 401;
    gateway().onclose!({ code: 1006 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(call.state.get().step).toBe('problem');
    expect(room.closed).toBe(1000);
  });

  it('goes on when an earlier contact says that its own is over', async () => {
    const room = await shared();
    gateway().says({ cobrowse_stopped: { contact_id: 'c0' } });
    expect(room.closed).toBe(0);
    gateway().says({ cobrowse_stopped: { contact_id: 'c1' } });
    expect(room.closed).toBe(1000);
  });
});
