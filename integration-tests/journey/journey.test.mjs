// The main journey: a shop visitor presses Help, an agent answers, and the page is already in view.
// Two real browsers, the whole platform, sound proven by tones, events proven by reading Kafka.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { directCall, hears, lastSilence, newPage, startBrowser, video } from '../lib/browser.mjs';
import { AGENT_HZ, Agent, backTogether, Customer, CUSTOMER_HZ, hearEachOther } from '../lib/people.mjs';
import { kafkaBrokers, kill9, logs, metric, origin, percentile, pid, runDir, sleep, tl, until } from '../lib/platform.mjs';
import * as stream from '../lib/stream.mjs';

const SECRET = 'Zyzzogeton-4711'; // typed into the page; must be nowhere else
const CALLS = Number(process.env.TL_JOURNEY_CALLS ?? 3); // for the percentiles
const shots = process.env.TL_SCREENSHOTS ?? path.join(runDir, 'screenshots');
const figures = {};
const sentByCustomer = []; // every byte that left the customer's browser
let browserC, browserA, customer, agent, marks, contactId;

const shot = (page, name) => page.screenshot({ path: path.join(shots, `${name}.png`) });

function spy(page) {
  page.on('request', r => sentByCustomer.push(r.url(), r.postData() ?? ''));
  page.on('websocket', ws => ws.on('framesent', f => sentByCustomer.push(String(f.payload))));
}

const waiting = async () => (await Promise.all(['acd', 'standby_acd'].map(s => metric(s, 'tl_acd_waiting'))))
  .reduce((a, b) => a + b);

before(async () => {
  mkdirSync(shots, { recursive: true });
  // Whoever waits from before would ring first: their sessions' grace time ends within seconds.
  await until('nobody to be in line', async () => await waiting() === 0, 60_000, 500);
  marks = kafkaBrokers ? stream.ends() : null;
  [browserC, browserA] = await Promise.all([startBrowser(CUSTOMER_HZ), startBrowser(AGENT_HZ)]);
});

after(async () => {
  await Promise.all([browserC?.close(), browserA?.close()]);
  if (process.env.TL_JOURNEY_FIGURES)
    writeFileSync(process.env.TL_JOURNEY_FIGURES, `${Object.entries(figures).map(([k, v]) => `${k}=${v}`).join(' ')}\n`);
});

test('an agent signs in, gets a sound connection and is ready', async () => {
  agent = await Agent.signIn(browserA, 'agent-1');
  await agent.ready();
  await shot(agent.page, 'desk-ready');
});

test('a visitor walks through the shop and is invited at the checkout, once', async () => {
  customer = await Customer.open(browserC);
  spy(customer.page);
  const answers = [];
  customer.page.on('requestfinished', async r => {
    if (!r.url().endsWith('/v1/collect')) return;
    const t = r.timing();
    answers.push(t.responseEnd - t.requestStart);
  });
  await customer.goto('/shop/');
  await shot(customer.page, 'shop');
  await customer.shop();
  await customer.signIn();
  await customer.at('customer').waitFor();
  await customer.at('invitation').waitFor({ timeout: 30_000 });
  await shot(customer.page, 'shop-invitation');
  await customer.at('invitation-dismiss').click();
  assert.equal(await customer.at('invitation').count(), 0);
  await customer.page.reload();
  await sleep(1500);
  assert.equal(await customer.at('invitation').count(), 0, 'a dismissed invitation came back');
  assert.ok(answers.length > 3, 'the widget reported to /v1/collect');
  figures.invitation_p99_ms = percentile(answers, 0.99).toFixed(1); // the answer that may carry an invitation
});

test('Help rings at the desk, with the path, the basket and why this agent', async () => {
  await customer.at('checkout-note').fill(SECRET);
  await customer.help('video');
  await agent.ringing();
  const card = agent.at('ringing');
  await until('the details on the card', async () => /Path/.test(await card.innerText()));
  const text = await card.innerText();
  assert.match(text, /gold/i, 'who: the site vouched for a customer of this tier');
  assert.match(text, /checkout/i, 'where');
  assert.match(text, /Why you/i, 'why this agent');
  assert.doesNotMatch(text, /Empty\./, 'the basket is on the card');
  assert.doesNotMatch(text, /Nothing yet\./, 'the path is on the card');
  await shot(agent.page, 'desk-ringing');
  // While it rings the customer hears music, and nobody else.
  const waiting = await hears(customer.page, [AGENT_HZ]);
  assert.ok(waiting[AGENT_HZ] < -45, `the agent is not heard before accepting (${waiting[AGENT_HZ]} dB)`);
  await shot(customer.page, 'shop-waiting');
});

test('accept connects both ways; the customer sees the agent and is not seen', async () => {
  await agent.at('accept').click();
  await customer.step('connected');
  await agent.phase('CONNECTED');
  contactId = await agent.contactId();
  assert.match(contactId, /^[0-9A-Z]{26}$/);
  await hearEachOther(customer, agent);
  await until('the agent\'s picture to move', async () => {
    const a = await video(customer.page, 'agent-video');
    await sleep(300);
    const b = await video(customer.page, 'agent-video');
    return a.width > 0 && b.frames > a.frames;
  }, 15_000);
  assert.equal(await agent.page.locator('video[data-testid="agent-video"]').count(), 0);
  const own = await customer.page.evaluate(() => navigator.mediaDevices.enumerateDevices().then(() => 0));
  assert.equal(own, 0);
  await shot(customer.page, 'shop-connected');
});

test('mute, hold and camera do what they say', async () => {
  await customer.at('mute').click();
  await until('silence at the desk', async () => (await hears(agent.page, [CUSTOMER_HZ]))[CUSTOMER_HZ] < -70);
  await customer.at('mute').click();
  await hearEachOther(customer, agent);
  await agent.at('hold').click();
  await agent.phase('HELD');
  await until('the agent is not heard on hold', async () => (await hears(customer.page, [AGENT_HZ]))[AGENT_HZ] < -45);
  await agent.at('hold').click();
  await agent.phase('CONNECTED');
  await hearEachOther(customer, agent);
  await agent.at('camera').click();
  await until('the picture to stop', async () => !await customer.at('agent-video').count()
    || await customer.at('agent-video').evaluate(async v => {
      const before = v.getVideoPlaybackQuality().totalVideoFrames;
      await new Promise(done => setTimeout(done, 500));
      return v.getVideoPlaybackQuality().totalVideoFrames === before;
    }));
  await agent.at('camera').click();
  await until('the picture to come back', async () => {
    const a = await video(customer.page, 'agent-video');
    await sleep(300);
    return (await video(customer.page, 'agent-video')).frames > a.frames;
  }, 15_000);
});

test('the agent shares a screen', async () => {
  await agent.at('screen-share').click();
  await until('two pictures at the customer', async () => await customer.at('agent-video-small').count() === 1
    && (await video(customer.page, 'agent-video')).frames > 0, 15_000);
  await agent.at('screen-share').click();
  await until('one picture again', async () => await customer.at('agent-video-small').count() === 0, 15_000);
});

test('co-browse: the agent sees the page, points and draws; typed text never leaves', async () => {
  await agent.at('cobrowse-ask').click();
  await customer.at('cobrowse-allow').click();
  await customer.at('cobrowse-bar').waitFor();
  const page = agent.page.frameLocator('[data-testid="cobrowse-frame"]');
  await until('the checkout to appear at the desk', async () =>
    /checkout|Pay/i.test(await page.locator('body').innerText()), 15_000);
  await customer.page.evaluate(() => { document.querySelector('h1').textContent = 'A heading that just changed'; });
  await until('a change to appear at the desk', async () =>
    /just changed/.test(await page.locator('body').innerText()));
  await customer.at('checkout-note').fill(`${SECRET} again`);
  await sleep(500);
  const seen = await page.locator('body').evaluate(b => b.innerText
    + [...b.querySelectorAll('input, textarea')].map(e => e.value).join(' '));
  assert.ok(!seen.includes('Zyzzogeton'), 'typed text is masked at the desk');
  assert.ok(!seen.includes('4471 0093 2286'), 'a masked block is masked at the desk');

  const box = await agent.at('cobrowse-canvas').boundingBox();
  await agent.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await agent.at('tool-pen').click();
  await agent.page.mouse.move(box.x + 60, box.y + 60);
  await agent.page.mouse.down();
  await agent.page.mouse.move(box.x + 200, box.y + 120, { steps: 12 });
  await agent.page.mouse.up();
  await until('the drawing to appear in the shop', () => customer.page.evaluate(() => {
    const roots = [document, document.getElementById('threadline-widget')?.shadowRoot].filter(Boolean);
    return roots.flatMap(r => [...r.querySelectorAll('canvas')]).some(c => {
      if (!c.width || !c.height) return false;
      const pixels = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      for (let i = 0; i < pixels.length; i += 4)
        if (pixels[i + 3] > 0 && pixels[i] > 180 && pixels[i + 1] < 120) return true;
      return false;
    });
  }));
  await shot(customer.page, 'shop-cobrowse');
  await shot(agent.page, 'desk-cobrowse');
  await customer.at('cobrowse-stop').click();
  await until('the view to close at the desk', async () => await agent.at('cobrowse-frame').count() === 0);
  const leaked = sentByCustomer.find(s => s.includes('Zyzzogeton') || s.includes('4471 0093 2286'));
  assert.equal(leaked, undefined, 'masked text left the browser');
});

test('chat runs beside it', async () => {
  await customer.at('chat-input').fill('Is this bag waterproof?');
  await customer.at('chat-send').click();
  await until('the question at the desk', async () => /waterproof/.test(await agent.at('chat-lines').innerText()));
  await agent.at('chat-input').fill('It is, down to one metre.');
  await agent.at('chat-send').click();
  await until('the answer in the shop', async () => /one metre/.test(await customer.at('chat-lines').innerText()));
});

test('a reload of either tab puts it back: same contact, sound both ways', async () => {
  const reattach = [];
  for (const side of [customer, agent]) {
    const start = Date.now();
    await side.page.reload({ waitUntil: 'domcontentloaded' });
    await side.page.getByTestId('remote-audio').waitFor({ state: 'attached' });
    const back = await backTogether(customer, agent);
    assert.ok(Number.isFinite(back), 'sound both ways after the reload');
    reattach.push(back - start);
    await hearEachOther(customer, agent);
    assert.equal(await agent.contactId(), contactId, 'the same contact');
    await customer.step('connected');
    await until('the transcript', async () => /one metre/.test(await customer.at('chat-lines').innerText()));
  }
  figures.reattach_ms = Math.max(...reattach);
});

test('killed media services come back by themselves within the call', async () => {
  for (const name of ['media-relay', 'janus', 'media-plane']) {
    const both = Promise.all([lastSilence(customer.page, AGENT_HZ, 6000), lastSilence(agent.page, CUSTOMER_HZ, 6000)]);
    await sleep(200);
    const old = kill9(name);
    await until(`${name} to be replaced`, () => pid(name) > 1 && pid(name) !== old, 10_000);
    const silence = Math.max(...await both);
    await hearEachOther(customer, agent, 20_000);
    figures[`${name.replace('-', '_')}_killed_ms`] = Math.max(0, silence - 200);
    assert.equal(await agent.contactId(), contactId);
  }
});

test('any other killed service leaves the call alone and nobody stuck', async () => {
  for (const name of ['conversation', 'acd', 'signaling-gateway', 'cobrowse-relay', 'clickstream-tracker', 'ivr',
    'analytics', 'portal']) {
    const old = kill9(name);
    await until(`${name} to be replaced`, () => pid(name) > 1 && pid(name) !== old, 10_000);
  }
  await until('the desk to be connected again', async () =>
    await agent.at('desk').getAttribute('data-socket') === 'open', 20_000);
  await hearEachOther(customer, agent, 20_000);
  assert.equal(await agent.contactId(), contactId);
  await until('chat to work again', async () => {
    await customer.at('chat-input').fill('Still there?');
    await customer.at('chat-send').click();
    await sleep(700);
    return /Still there/.test(await agent.at('chat-lines').innerText());
  }, 20_000, 500);
});

test('hang up, survey, wrap-up, ready again', async () => {
  await customer.end();
  await customer.step('survey');
  await customer.at('survey-5').click();
  await customer.at('done').waitFor();
  await agent.phase('WRAP_UP');
  await shot(agent.page, 'desk-wrapup');
  await agent.wrapUp('Asked about the bag.');
});

test('the next contact shows the earlier one, and the figures are taken', async () => {
  const accept = [], ring = [];
  for (let i = 0; i < CALLS; i++) {
    const next = i === 0 ? customer : await Customer.open(browserC);
    await next.goto('/shop/checkout');
    await next.at('help-button').click();
    await next.at('choose-voice').check({ force: true });
    await next.at('consent').check();
    const rang = agent.page.evaluate(() => new Promise(done => {
      const look = () => document.querySelector('[data-testid="ringing"]') ? done(Date.now()) : setTimeout(look, 4);
      look();
    }));
    const pressed = await next.at('start').evaluate(b => { const t = Date.now(); b.click(); return t; });
    ring.push(await rang - pressed);
    if (i === 0)
      await until('the earlier contact on the card', async () => /Asked about the bag/.test(await agent.at('ringing').innerText()));
    await until('the customer\'s sound', async () => await next.at('remote-audio').evaluate(e => !!e.srcObject));
    await sleep(1200); // both legs are up: what is measured is the connecting
    const heard = backTogether(next, agent);
    await sleep(100);
    const clicked = await agent.at('accept').evaluate(b => { const t = Date.now(); b.click(); return t; });
    accept.push(await heard - clicked);
    await hearEachOther(next, agent);
    await next.end();
    await agent.wrapUp();
    if (i > 0) await next.page.context().close();
  }
  const [one, other] = await Promise.all([newPage(browserC), newPage(browserA)]);
  await Promise.all([one.goto(`${origin}/404`), other.goto(`${origin}/404`)]); // a secure context, no widget
  const direct = await directCall(one, other, CUSTOMER_HZ, AGENT_HZ);
  await Promise.all([one.context().close(), other.context().close()]);
  assert.ok(direct.every(t => t > 0), `a direct call: ${direct}`);
  figures.accept_to_audio_p95_ms = percentile(accept, 0.95);
  figures.browsers_share_p50_ms = percentile(direct, 0.5);
  figures.help_to_ring_p95_ms = percentile(ring, 0.95);
  assert.ok(accept.every(Number.isFinite), `accept to audio: ${accept}`);
});

test('who leaves while waiting is an abandon, and the desk stops ringing', async () => {
  const hasty = await Customer.open(browserC);
  await hasty.goto('/shop/trip');
  await hasty.help('chat');
  const other = agent;
  await sleep(400);
  if (await other.at('ringing').count()) {
    await hasty.at('leave-queue').click();
    await until('the ringing to stop', async () => await other.at('ringing').count() === 0);
  } else {
    await hasty.at('leave-queue').click();
  }
  await other.presence('READY');
  await hasty.page.context().close();
});

test('the board shows queues and agents live', async () => {
  const page = await agent.page.context().newPage();
  await page.goto(`${origin}/board/`);
  if (await page.getByTestId('username').count()) {
    await page.getByTestId('username').fill('supervisor-1');
    await page.getByTestId('password').fill((await import('../lib/platform.mjs')).demoPassword());
    await page.getByTestId('signin').click();
  }
  await until('the agent on the board', async () => await page.getByTestId('agent-agent-1').count() === 1);
  await until('answered contacts on the board', async () => /orders/i.test(await page.getByTestId('board-queues').innerText()));
  await sleep(1200);
  await page.screenshot({ path: path.join(shots, 'board.png') });
  await page.close();
});

test('tl why tells the contact\'s story', () => {
  const story = tl('why', contactId);
  assert.match(story, /agent-1/);
  assert.match(story, /accepted/i);
});

test('every step is in Kafka, complete and once', { skip: !kafkaBrokers && 'no Kafka broker on this machine' }, async () => {
  const wanted = ['contact_requested', 'contact_routed', 'contact_queued', 'contact_offered', 'offer_accepted',
    'contact_connected', 'legs_connected', 'message_posted', 'cobrowse_consented', 'room_opened',
    'contact_ended', 'wrap_up_completed', 'survey_answered'];
  const events = await until('the whole story in Kafka', async () => {
    const all = await stream.since(marks);
    const names = new Set(all.filter(e => e.meta.contact_id === contactId).map(e => e.name));
    const missing = wanted.filter(w => !names.has(w));
    if (missing.length) throw new Error(`missing: ${missing.join(', ')}`);
    return all;
  }, 20_000, 1000);
  for (const e of events.filter(x => x.meta.contact_id === contactId)) {
    assert.equal(e.headers.ce_id, e.meta.event_id);
    assert.match(e.headers.ce_type, new RegExp(`^threadline\\.${e.topic}\\.v1\\.`));
  }
  assert.ok(events.some(e => e.name === 'page_viewed' && e.topic === 'clickstream'));
  const { lost, duplicates } = stream.audit(events);
  Object.assign(figures, { kafka_events: events.length, lost, duplicates });
  assert.equal(duplicates, 0, 'no event twice');
  assert.equal(lost, 0, 'no number missing');
  const raw = JSON.stringify(events);
  assert.ok(!raw.includes('Zyzzogeton') && !raw.includes('waterproof'), 'no typed text, no message text in the stream');
});

test('no log holds what people typed or said', () => {
  for (const file of logs()) {
    const text = readFileSync(file, 'utf8');
    assert.ok(!text.includes('Zyzzogeton') && !text.includes('waterproof'), file);
  }
});

test('no page had a script error', () => {
  assert.deepEqual([...customer.page.errors, ...agent.page.errors], []);
});
