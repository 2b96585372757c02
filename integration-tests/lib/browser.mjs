// Two real browsers with fake devices: each side's microphone is a tone of its own, so that what the other
// side hears can be told apart by its frequency.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { witness } from './witness.mjs';

const RATE = 48000;

/** 16 bit mono WAV of one second of a tone, a whole number of periods, so that it loops without a click. */
export function toneWav(hz) {
  const pcm = Buffer.alloc(44 + RATE * 2);
  pcm.write('RIFF', 0);
  pcm.writeUInt32LE(36 + RATE * 2, 4);
  pcm.write('WAVEfmt ', 8);
  pcm.writeUInt32LE(16, 16);
  pcm.writeUInt16LE(1, 20);
  pcm.writeUInt16LE(1, 22);
  pcm.writeUInt32LE(RATE, 24);
  pcm.writeUInt32LE(RATE * 2, 28);
  pcm.writeUInt16LE(2, 32);
  pcm.writeUInt16LE(16, 34);
  pcm.write('data', 36);
  pcm.writeUInt32LE(RATE * 2, 40);
  for (let i = 0; i < RATE; i++)
    pcm.writeInt16LE(Math.round(16000 * Math.sin((2 * Math.PI * hz * i) / RATE)), 44 + i * 2);
  return pcm;
}

/** A browser whose microphone hums at hz; fake devices or none, no permission dialogs, no calls home. */
export async function startBrowser(hz, { devices = true } = {}) {
  const dir = mkdtempSync(path.join(tmpdir(), 'tl-browser-'));
  const wav = path.join(dir, 'tone.wav');
  writeFileSync(wav, toneWav(hz));
  const browser = await chromium.launch({
    executablePath: process.env.TL_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', ...(devices ? ['--use-fake-device-for-media-stream'] : []),
      '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${wav}`,
      '--autoplay-policy=no-user-gesture-required', '--auto-select-desktop-capture-source=Entire screen',
      '--auto-accept-this-tab-capture', '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
  });
  browser.on('disconnected', () => rmSync(dir, { recursive: true, force: true }));
  return browser;
}

// The browser's own echo and noise cancelling eats steady tones: switched off for the test, in the test.
const rawMicrophone = () => {
  const media = navigator.mediaDevices;
  const original = media?.getUserMedia?.bind(media);
  if (!original) return;
  media.getUserMedia = c => original(c?.audio ? {
    ...c,
    audio: { ...(typeof c.audio === 'object' ? c.audio : {}), echoCancellation: false, noiseSuppression: false,
      autoGainControl: false },
  } : c);
};

export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  await context.addInitScript(rawMicrophone);
  await context.addInitScript(witness);
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', e => page.errors.push(String(e)));
  page.setDefaultTimeout(30_000);
  return page;
}

/**
 * How loud the tones are in what this page's remote audio plays [dB below full scale], over a while.
 * The element is found in the page or in the widget's shadow root.
 */
export function hears(page, tones, ms = 600) {
  return page.getByTestId('remote-audio').evaluate(async (el, { tones: hz, ms: wait }) => {
    const stream = el.srcObject;
    if (!stream || !stream.getAudioTracks().length) return Object.fromEntries(hz.map(f => [f, -200]));
    const ctx = (window.__ears ??= new AudioContext());
    await ctx.resume();
    const source = ctx.createMediaStreamSource(stream);
    const analyser = new AnalyserNode(ctx, { fftSize: 8192, smoothingTimeConstant: 0 });
    source.connect(analyser);
    await new Promise(done => setTimeout(done, wait));
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    source.disconnect();
    const width = ctx.sampleRate / analyser.fftSize;
    return Object.fromEntries(hz.map(f => {
      const at = Math.round(f / width);
      return [f, Math.max(...bins.slice(at - 2, at + 3))];
    }));
  }, { tones, ms });
}

/**
 * Listen for a tone and say when it was first loud, in the machine's wall clock [ms]; both browsers share it.
 * Resolves to -1 after `ms`.  Looks every 5 ms at the newest 1024 samples.
 */
export function firstHeard(page, hz, ms = 10_000, threshold = -32) {
  return page.getByTestId('remote-audio').evaluate(async (el, o) => {
    const ctx = (window.__ears ??= new AudioContext());
    await ctx.resume();
    const analyser = new AnalyserNode(ctx, { fftSize: 1024, smoothingTimeConstant: 0 });
    const samples = new Float32Array(1024);
    const end = Date.now() + o.ms;
    let source = null, stream = null;
    const level = () => { // Goertzel: the power of one frequency
      analyser.getFloatTimeDomainData(samples);
      const k = 2 * Math.cos((2 * Math.PI * o.hz) / ctx.sampleRate);
      let a = 0, b = 0;
      for (const x of samples) [a, b] = [x + k * a - b, a];
      const power = (a * a + b * b - k * a * b) / (1024 * 1024 / 4);
      return 10 * Math.log10(power + 1e-20);
    };
    while (Date.now() < end) {
      if (el.srcObject !== stream) {
        source?.disconnect();
        stream = el.srcObject;
        source = stream?.getAudioTracks().length ? ctx.createMediaStreamSource(stream) : null;
        source?.connect(analyser);
      }
      if (source && level() > o.threshold) {
        source.disconnect();
        return Date.now();
      }
      await new Promise(done => setTimeout(done, 5));
    }
    return -1;
  }, { hz, ms, threshold });
}

/**
 * Listen for `ms` and say how long after the start the tone was last missing [ms]; 0: it was there all the time.
 * A gap counts from 100 ms on.
 */
export function lastSilence(page, hz, ms) {
  return page.getByTestId('remote-audio').evaluate(async (el, o) => {
    const ctx = (window.__ears ??= new AudioContext());
    await ctx.resume();
    const analyser = new AnalyserNode(ctx, { fftSize: 1024, smoothingTimeConstant: 0 });
    const samples = new Float32Array(1024);
    const start = Date.now();
    let source = null, stream = null, heard = start, last = 0;
    while (Date.now() - start < o.ms) {
      if (el.srcObject !== stream) {
        source?.disconnect();
        stream = el.srcObject;
        source = stream?.getAudioTracks().length ? ctx.createMediaStreamSource(stream) : null;
        source?.connect(analyser);
      }
      analyser.getFloatTimeDomainData(samples);
      const k = 2 * Math.cos((2 * Math.PI * o.hz) / ctx.sampleRate);
      let a = 0, b = 0;
      for (const x of samples) [a, b] = [x + k * a - b, a];
      const db = 10 * Math.log10((a * a + b * b - k * a * b) / (1024 * 1024 / 4) + 1e-20);
      const now = Date.now();
      if (source && db > -32) heard = now;
      else if (now - heard > 100) last = now - start;
      await new Promise(done => setTimeout(done, 10));
    }
    return last;
  }, { hz, ms });
}

/**
 * The browsers' own share: a direct call between two pages, and the time from switching a track on at one side
 * to the tone heard at the other, each way in turn [ms].
 */
export async function directCall(pageA, pageB, hzA, hzB, times = 5) {
  const make = async page => {
    await page.setContent('<audio data-testid="remote-audio" autoplay></audio>');
    return page.evaluateHandle(async () => {
      const pc = new RTCPeerConnection();
      pc.ontrack = e => { document.querySelector('audio').srcObject = new MediaStream([e.track]); };
      const mic = await navigator.mediaDevices.getUserMedia({ audio: true });
      for (const t of mic.getTracks()) pc.addTrack(t, mic);
      const gathered = () => new Promise(done => {
        const look = () => pc.iceGatheringState === 'complete' ? done() : setTimeout(look, 10);
        look();
      });
      return { pc, mic, gathered };
    });
  };
  const [a, b] = [await make(pageA), await make(pageB)];
  const offer = await a.evaluate(async c => {
    await c.pc.setLocalDescription();
    await c.gathered();
    return c.pc.localDescription.toJSON();
  });
  const answer = await b.evaluate(async (c, o) => {
    await c.pc.setRemoteDescription(o);
    await c.pc.setLocalDescription();
    await c.gathered();
    return c.pc.localDescription.toJSON();
  }, offer);
  await a.evaluate((c, o) => c.pc.setRemoteDescription(o), answer);
  const results = [];
  for (let i = 0; i < times; i++)
    for (const [from, to, hz] of [[a, pageB, hzA], [b, pageA, hzB]]) {
      await from.evaluate(c => { c.mic.getTracks()[0].enabled = false; });
      await new Promise(done => setTimeout(done, 700));
      const heard = firstHeard(to, hz);
      await new Promise(done => setTimeout(done, 100));
      const on = await from.evaluate(c => { const t = Date.now(); c.mic.getTracks()[0].enabled = true; return t; });
      results.push(await heard - on);
    }
  return results;
}

/** Frames that a <video> has shown, and its size. */
export const video = (page, id) => page.getByTestId(id).evaluate(v => ({
  frames: v.getVideoPlaybackQuality().totalVideoFrames, width: v.videoWidth, height: v.videoHeight,
}));
