// What a browser itself says about its media, and what left it: proof that does not ask our own pages.

/** Runs in a page before anything else: keeps each peer connection, each wish for a device, each note played. */
export const witness = () => {
  const seen = (window.__witness = { connections: [], asked: [], notes: 0 });
  const Original = window.RTCPeerConnection;
  if (Original)
    window.RTCPeerConnection = class extends Original {
      constructor(...args) {
        super(...args);
        seen.connections.push(this);
      }
    };
  const media = navigator.mediaDevices, ask = media?.getUserMedia?.bind(media);
  if (ask)
    media.getUserMedia = wish => {
      seen.asked.push(...Object.keys(wish ?? {}).filter(kind => wish[kind]));
      return ask(wish);
    };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...args) {
    seen.notes++;
    return start.apply(this, args);
  };
};

/** Sums over the living peer connections (getStats); `video`: how many send a picture. */
export const rtp = page => page.evaluate(async () => {
  const sum = { audioIn: 0, audioOut: 0, videoIn: 0, videoOut: 0, video: 0 };
  for (const pc of window.__witness.connections.filter(c => c.connectionState !== 'closed')) {
    sum.video += pc.getSenders().filter(s => s.track?.kind === 'video').length;
    for (const r of (await pc.getStats()).values()) {
      if (r.type === 'inbound-rtp') sum[`${r.kind}In`] += (r.kind === 'video' ? r.framesDecoded : r.packetsReceived) ?? 0;
      if (r.type === 'outbound-rtp') sum[`${r.kind}Out`] += r.packetsSent ?? 0;
    }
  }
  return sum;
});

/** What moved on the wire in a while: packets of sound, packets of picture, pictures decoded. */
export async function moved(page, ms = 700) {
  const before = await rtp(page);
  await page.waitForTimeout(ms);
  const after = await rtp(page);
  return { ...Object.fromEntries(['audioIn', 'audioOut', 'videoIn', 'videoOut'].map(k => [k, after[k] - before[k]])),
    video: after.video };
}

export const asked = page => page.evaluate(() => [...new Set(window.__witness.asked)]);
export const notesPlayed = page => page.evaluate(() => window.__witness.notes);

/** How loud the remote sound is altogether [dB below full scale]. */
export const loudness = (page, ms = 400) => page.getByTestId('remote-audio').evaluate(async (el, wait) => {
  if (!el.srcObject?.getAudioTracks().length) return -200;
  const ctx = (window.__ears ??= new AudioContext());
  await ctx.resume();
  const source = ctx.createMediaStreamSource(el.srcObject), analyser = new AnalyserNode(ctx, { fftSize: 8192 });
  source.connect(analyser);
  await new Promise(done => setTimeout(done, wait));
  const x = new Float32Array(8192);
  analyser.getFloatTimeDomainData(x);
  source.disconnect();
  return 10 * Math.log10(x.reduce((s, v) => s + v * v, 0) / x.length + 1e-20);
}, ms);

/**
 * Everything that leaves a browser context from now on: each request but the loading of pages (what the visitor
 * asks the site for) with its headers and body, and each WebSocket frame.  -> [{to, text}], which grows.
 */
export function spy(context) {
  const left = [];
  context.on('request', async r => {
    if (r.isNavigationRequest()) return;
    const sent = { to: new URL(r.url()).pathname, text: `${r.url()}\n${r.postDataBuffer()?.toString() ?? ''}` };
    left.push(sent);
    sent.text += `\n${JSON.stringify(await r.allHeaders().catch(() => ({})))}`;
  });
  const listen = page => page.on('websocket', ws => ws.on('framesent',
    f => left.push({ to: new URL(ws.url()).pathname, text: f.payload.toString() })));
  context.pages().forEach(listen);
  context.on('page', listen);
  return left;
}

/** Is the agent's red on the customer's page at this point of the window? */
export const redAt = (page, [x, y]) => page.getByTestId('cobrowse-overlay').evaluate((canvas, at) => {
  const ratio = window.devicePixelRatio, size = 9;
  const { data } = canvas.getContext('2d').getImageData(at[0] * ratio - 4, at[1] * ratio - 4, size, size);
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 200 && data[i] > 180 && data[i + 1] < 130 && data[i + 2] < 130) return true;
  return false;
}, [x, y]);
