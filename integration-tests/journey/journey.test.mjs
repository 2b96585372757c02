// The main journey: a shop visitor presses Help, an agent answers, and the page is already in view.
// Two real browsers, the whole platform; sound proven by tones and by getStats, events by reading Kafka.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Board } from '../lib/board.mjs';
import { hears, lastSilence, newPage, startBrowser, video } from '../lib/browser.mjs';
import { AGENT_HZ, Agent, backTogether, Customer, CUSTOMER_HZ, hearEachOther } from '../lib/people.mjs';
import { kafkaBrokers, kill9, logs, metric, percentile, pid, runDir, sleep, tl, until } from '../lib/platform.mjs';
import * as stream from '../lib/stream.mjs';
import { asked, loudness, moved, notesPlayed, redAt, rtp, spy } from '../lib/witness.mjs';
import { aboutToStart, acceptTime, browsersShare, invitations, prepare, ringTime } from './measure.mjs';

const SECRET = 'Zyzzogeton'; // in all that is typed into the page; must be nowhere else
const MASKED = '4471 0093 2286'; // a loyalty number that the shop marked
const CALLS = Number(process.env.TL_JOURNEY_CALLS ?? 3); // for the percentiles
const BACK_MS = 3000; // a reloaded tab, a killed media service: sound both ways again within this
const shots = process.env.TL_SCREENSHOTS ?? path.join(runDir, 'screenshots');
const figures = {};
let browserC, browserA, customer, agent, board, first, sent, marks, contactId, why;
let abandoned = 0, answered = 0; // what the board must have counted in the end

const shot = (page, name) => page.screenshot({ path: path.join(shots, `${name}.png`) });
const replaced = (name, old) => until(`${name} to be replaced`, () => pid(name) > 1 && pid(name) !== old);

const waiting = async () => (await Promise.all(['acd', 'standby_acd'].map(s => metric(s, 'tl_acd_waiting'))))
  .reduce((a, b) => a + b);

/** How long it takes until they hear each other again; a busy machine may be slow, but not each of three times. */
async function back(what, once) {
  const times = [await once()];
  while (times.length < 3 && !(times.at(-1) <= BACK_MS)) times.push(await once());
  assert.ok(times.at(-1) <= BACK_MS, `${what}: sound both ways again after ${times} ms`);
  return times.at(-1);
}

/** The page as the desk rebuilt it. */
const atTheDesk = () => agent.page.frameLocator('[data-testid="cobrowse-frame"]').locator('body');
const deskShows = (what, words, ms) => until(`${what} to appear at the desk`,
  async () => words.test(await atTheDesk().innerText()), ms);
const heading = text => customer.page.evaluate(t => { document.querySelector('h1').textContent = t; }, text);

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

test('an agent signs in, gets a sound connection and is ready; a supervisor is sent to the board', async () => {
  agent = await Agent.signIn(browserA, 'agent-1');
  await agent.ready();
  await shot(agent.page, 'desk-ready');
  board = await Board.open(await newPage(browserA));
  await board.presence('agent-1', 'READY');
  first = await board.counts('orders');
});

test('a visitor walks through the shop and is invited at the checkout, once', async () => {
  customer = await Customer.open(browserC);
  sent = spy(customer.page.context());
  await customer.goto(`/shop/?email=${SECRET}`);
  await shot(customer.page, 'shop');
  await sleep(1100); // a dwell that the card will show
  await customer.shop();
  await customer.signIn();
  await customer.at('customer').waitFor();
  await customer.at('invitation').waitFor({ timeout: 30_000 });
  await shot(customer.page, 'shop-invitation');
  await customer.at('invitation-dismiss').click();
  assert.equal(await customer.at('invitation').count(), 0);
  await customer.goto('/shop/basket');
  await customer.goto('/shop/checkout');
  // Others are invited all the while, this one is not, not even by the rule that fires after 10 s.
  const back = customer.at('invitation').waitFor({ timeout: 11_500 }).then(() => true, () => false);
  figures.invitation_p99_ms = percentile(await invitations(300), 0.99).toFixed(1);
  assert.equal(await back, false, 'a dismissed invitation came back');
});

test('who waits is told position and wait and hears music; nothing else is asked', async () => {
  await agent.at('not-ready').selectOption({ index: 1 });
  await agent.presence('NOT_READY');
  await prepare(customer, 'video');
  assert.deepEqual(await customer.at('help-panel').locator('input:not([type="radio"]), select, textarea')
    .evaluateAll(all => all.map(i => i.dataset.testid)), ['consent', 'consent-cobrowse'], 'consent is all that is asked');
  await customer.at('start').click();
  await customer.step('waiting');
  const place = page => until('a place in line', async () =>
    Number(await page.getByTestId('queue-position').getAttribute('data-position')));
  assert.equal(await place(customer.page), 1);
  assert.match(await customer.at('expected-wait').innerText(), /moment|minute|how long/);
  assert.equal(await customer.at('help-panel').locator('input, select, textarea').count(), 0, 'nothing else to answer');
  await until('music', async () => await loudness(customer.page) > -50);
  // A tone of the music's may pass by the agent's; the agent's would stay.
  await until('nobody else to be heard', async () => (await hears(customer.page, [AGENT_HZ]))[AGENT_HZ] < -45, 8000);
  await shot(customer.page, 'shop-waiting');
  // Others come behind; what a known customer's own agent does to their places is not looked at here.
  const others = [], places = [];
  for (let i = 0; i < 2; i++) {
    others.push(await aboutToStart(browserC, 'chat'));
    await others[i].at('start').click();
    await others[i].step('waiting');
    places.push(await place(others[i].page));
  }
  await until('all to wait on the board', async () => (await board.counts('orders')).waiting === 3
    && (await board.tile('waiting')).number >= 3 && (await board.tile('longest')).seconds > 0);
  for (const other of others) {
    await other.at('leave-queue').click();
    await other.step('done');
    abandoned++;
    await other.page.context().close();
  }
  assert.equal(places[1], places[0] + 1, `one behind the other: ${places}`);
});

test('Help rings at the desk, with the path, the basket and why this agent', async () => {
  const notes = await notesPlayed(agent.page);
  await agent.at('ready').click();
  await agent.ringing();
  const card = agent.at('ringing');
  await until('the details on the card', async () => /Path/.test(await card.innerText()));
  const part = name => agent.at('ringing').getByTestId(name).innerText();
  assert.match(await part('card-who'), /gold/i, 'who: the site vouched for a customer of this tier');
  assert.match(await part('card-where'), /checkout/i, 'where');
  assert.match(await part('card-basket'), /1 ×[^]*€/, 'the basket');
  assert.match(await part('card-path'), /[1-9]\d* s/, 'the path with the time on each page');
  assert.match(await part('card-earlier'), /first one|ago|just now|yesterday/, 'earlier contacts');
  why = (await part('why')).replace('Why you:', '').trim();
  assert.match(why, /\(idle \d|^preferred: /, 'why this agent, in the words of the ACD');
  await until('the desk to sound', async () => await notesPlayed(agent.page) > notes);
  await until('the tab\'s title to say so', async () => /ringing/.test(await agent.page.title()));
  await until('the customer to know that it rings', async () => /Calling/.test(await customer.at('queue-position').innerText()));
  await board.presence('agent-1', 'RINGING');
  await shot(agent.page, 'desk-ringing');
});

test('accept connects both ways; the customer sees the agent and is not seen', async () => {
  await agent.at('accept').click();
  answered++;
  await customer.step('connected');
  await agent.phase('CONNECTED');
  contactId = await agent.contactId();
  assert.match(contactId, /^[0-9A-Z]{26}$/);
  await hearEachOther(customer, agent);
  await until('the agent\'s picture to move', async () => (await moved(customer.page)).videoIn > 3
    && (await video(customer.page, 'agent-video')).width > 0, 15_000);
  const [c, a] = await Promise.all([moved(customer.page), moved(agent.page)]);
  for (const [who, side] of [['customer', c], ['agent', a]])
    assert.ok(side.audioIn > 10 && side.audioOut > 10, `sound both ways at the ${who}: ${JSON.stringify(side)}`);
  assert.ok(c.videoIn > 0 && a.videoOut > 0, 'the agent\'s picture goes to the customer');
  assert.deepEqual([c.video, c.videoOut, a.videoIn], [0, 0, 0], 'and none comes back');
  assert.deepEqual(await asked(customer.page), ['audio'], 'the customer\'s camera was never asked for');
  await board.presence('agent-1', 'BUSY');
  await shot(customer.page, 'shop-connected');
});

test('mute, hold and camera do what they say', async () => {
  for (const [one, other, hz] of [[customer, agent, CUSTOMER_HZ], [agent, customer, AGENT_HZ]]) {
    await one.at('mute').click();
    await until('silence at the other side', async () => (await hears(other.page, [hz]))[hz] < -70);
    await one.at('mute').click();
    await hearEachOther(customer, agent);
  }
  await agent.at('hold').click();
  await agent.phase('HELD');
  await until('the agent is not heard on hold', async () => (await hears(customer.page, [AGENT_HZ]))[AGENT_HZ] < -45);
  await agent.at('hold').click();
  await agent.phase('CONNECTED');
  await hearEachOther(customer, agent);
  await until('the picture to be back', async () => (await moved(customer.page)).videoIn > 3, 15_000);
  await agent.at('camera').click();
  await until('the picture to stop', async () => (await moved(customer.page)).videoIn === 0
    && (await rtp(agent.page)).video === 0);
  await agent.at('camera').click();
  await until('the picture to come back', async () => (await moved(customer.page)).videoIn > 3, 15_000);
});

test('the agent shares a screen', async () => {
  await agent.at('screen-share').click();
  const frames = async () => (await Promise.all(['agent-video', 'agent-video-small'].map(id => video(customer.page, id))))
    .map(v => v.frames);
  await until('two pictures at the customer', async () => await customer.at('agent-video-small').count() === 1, 15_000);
  const before = await frames();
  await until('both to move', async () => (await frames()).every((n, i) => n > before[i]), 15_000);
  await agent.at('screen-share').click();
  await until('one picture again', async () => await customer.at('agent-video-small').count() === 0, 15_000);
});

test('co-browse: the agent sees the page, points and draws; typed text never leaves', async () => {
  await agent.at('cobrowse-ask').click();
  await customer.at('cobrowse-ask').waitFor();
  assert.equal(await agent.at('cobrowse-frame').count(), 0, 'nothing is seen without consent');
  await customer.at('cobrowse-allow').click();
  await customer.at('cobrowse-bar').waitFor();
  await deskShows('the checkout', /checkout|Pay/i, 15_000);
  await heading('A heading that just changed');
  await deskShows('a change', /just changed/);
  for (const field of ['name', 'card', 'cvc', 'note'])
    await customer.at(`checkout-${field}`).fill(`${SECRET} ${field}`);
  await customer.at('checkout-note').blur(); // a field is told when it is left
  const fields = () => atTheDesk().evaluate(b => [...b.querySelectorAll('input, textarea')].map(e => e.value));
  await until('what stands for four fields', async () => (await fields()).filter(v => /^•+$/.test(v)).length >= 4);
  const seen = [await atTheDesk().innerText(), ...await fields()].join(' ');
  assert.ok(!seen.includes(SECRET) && !seen.includes(MASKED), 'typed and marked text is masked at the desk');
  await customer.page.evaluate(() => scrollTo(0, 0));
  await until('the desk to follow', () => atTheDesk().evaluate(() => scrollY === 0));

  const box = await agent.at('cobrowse-canvas').boundingBox();
  const onPage = (x, y) => [x, y].map(v => v * 1280 / box.width);
  await agent.page.mouse.move(box.x + 300, box.y + 150);
  await until('the pointer in the shop', () => redAt(customer.page, onPage(304, 154)));
  await agent.at('tool-pen').click();
  await agent.page.mouse.move(box.x + 60, box.y + 60);
  await agent.page.mouse.down();
  await agent.page.mouse.move(box.x + 200, box.y + 120, { steps: 12 });
  await agent.page.mouse.up();
  await until('the drawing in the shop', () => redAt(customer.page, onPage(130, 90)));
  await shot(customer.page, 'shop-cobrowse');
  await shot(agent.page, 'desk-cobrowse');
  await agent.at('tool-clear').click();
  await until('the drawing to go', async () => !await redAt(customer.page, onPage(130, 90)));
  await agent.at('tool-highlight').click();
  await agent.page.mouse.click(box.x + 60, box.y + 60);
  await until('the highlight in the shop', async () =>
    await customer.at('cobrowse-overlay').getAttribute('data-highlight') === '1');
});

test('the page outlives its server; the customer stops it at any time', async () => {
  await replaced('cobrowse-relay', kill9('cobrowse-relay'));
  await heading('A heading after the fall');
  await deskShows('the page', /after the fall/, 20_000);
  await customer.at('cobrowse-stop').click();
  await until('the view to close at the desk', async () => await agent.at('cobrowse-frame').count() === 0);
  assert.equal(await customer.at('cobrowse-bar').count(), 0);
  const from = sent.length;
  await heading('A heading that nobody else sees');
  await sleep(600);
  assert.ok(!sent.slice(from).some(s => s.to === '/v1/cobrowse'), 'nothing leaves after the stop');
  assert.ok(sent.some(s => s.text.includes('A heading that just changed')), 'this test sees what leaves');
  const leaked = sent.find(s => s.text.includes(MASKED) || (s.to.startsWith('/v1/') && s.text.includes(SECRET)));
  assert.equal(leaked, undefined, 'masked text left the browser');
});

test('chat runs beside it', async () => {
  await customer.at('chat-input').pressSequentially('Is this bag');
  await agent.at('typing').waitFor();
  await customer.at('chat-input').fill('Is this bag waterproof?');
  await customer.at('chat-send').click();
  await until('the question at the desk', async () => /waterproof/.test(await agent.at('chat-lines').innerText()));
  await agent.at('chat-input').fill('It is, down to one metre.');
  await agent.at('chat-send').click();
  await until('the answer in the shop', async () => /one metre/.test(await customer.at('chat-lines').innerText()));
});

test('a reload of either tab puts it back: same contact, sound both ways', async () => {
  const reattach = [];
  for (const [who, side] of [['customer', customer], ['agent', agent]]) {
    reattach.push(await back(`${who} reloads`, async () => {
      const start = Date.now();
      await side.page.reload({ waitUntil: 'domcontentloaded' });
      await side.page.getByTestId('remote-audio').waitFor({ state: 'attached' });
      const ms = await backTogether(customer, agent) - start;
      await hearEachOther(customer, agent);
      return ms;
    }));
    assert.equal(await agent.contactId(), contactId, 'the same contact');
    await customer.step('connected');
    await until('the transcript', async () => /one metre/.test(await customer.at('chat-lines').innerText()));
    await until('the picture', async () => (await moved(customer.page)).videoIn > 3, 15_000);
  }
  figures.reattach_ms = Math.max(...reattach);
});

test('killed media services come back by themselves within the call', async () => {
  for (const name of ['media-relay', 'janus', 'media-plane']) {
    figures[`${name.replace('-', '_')}_killed_ms`] = await back(`${name} is killed`, async () => {
      const both = [lastSilence(customer.page, AGENT_HZ, 5000), lastSilence(agent.page, CUSTOMER_HZ, 5000)];
      await sleep(200);
      await replaced(name, kill9(name));
      const silence = Math.max(...await Promise.all(both)) - 200;
      await hearEachOther(customer, agent);
      return Math.max(0, silence);
    });
    assert.equal(await agent.contactId(), contactId);
  }
});

test('any other killed service leaves the call alone, and who waits in line', async () => {
  const patient = await aboutToStart(browserC, 'chat');
  await patient.at('start').click();
  await patient.step('waiting');
  const owner = await metric('acd', 'tl_acd_owner') === 1 ? 'acd' : 'acd-standby';
  for (const name of [owner, 'conversation', 'signaling-gateway', 'cobrowse-relay', 'clickstream-tracker', 'ivr',
    'analytics', 'portal'])
    await replaced(name, kill9(name));
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
  await until('the patient one to be in line', async () => {
    const panel = patient.at('help-panel');
    if (!await panel.locator('[data-testid="queue-position"][data-position="1"]').count())
      throw new Error(await panel.innerText());
    return true;
  }, 20_000);
  await patient.at('leave-queue').click();
  await patient.step('done');
  abandoned++;
  await patient.page.context().close();
});

test('hang up, survey, wrap-up, ready again', async () => {
  await customer.end();
  await customer.step('survey');
  assert.match(await customer.at('survey').innerText(), /\?/, 'one question');
  await customer.at('survey-5').click();
  await customer.at('done').waitFor();
  await agent.phase('WRAP_UP');
  await board.presence('agent-1', 'WRAP_UP');
  await shot(agent.page, 'desk-wrapup');
  await agent.wrapUp('Asked about the bag.');
});

test('the next contact shows the earlier one, and the figures are taken', async () => {
  const accept = [], ring = [];
  await customer.goto('/shop/checkout');
  await prepare(customer, 'voice');
  for (let i = 0; i < CALLS; i++) {
    const narrow = { viewport: { width: 400, height: 800 }, colorScheme: 'dark' };
    const next = i === 0 ? customer : await aboutToStart(browserC, 'voice', narrow);
    ring.push(await ringTime(next, agent));
    if (i === 0)
      await until('the earlier contact on the card, with what was written', async () => {
        const earlier = await agent.at('ringing').getByTestId('card-earlier').textContent();
        return /Asked about the bag/.test(earlier) && /Is this bag waterproof\?/.test(earlier);
      });
    accept.push(await acceptTime(next, agent));
    answered++;
    const over = await next.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `the page is ${over} px wider than its window`);
    await next.end();
    await next.step('survey');
    await agent.wrapUp();
    if (i > 0) await next.page.context().close();
  }
  const direct = await browsersShare(browserC, browserA);
  assert.ok(direct.every(t => t > 0), `a direct call: ${direct}`);
  figures.accept_to_audio_p95_ms = percentile(accept, 0.95);
  figures.browsers_share_p50_ms = percentile(direct, 0.5);
  figures.help_to_ring_p95_ms = percentile(ring, 0.95);
  assert.ok(accept.every(Number.isFinite), `accept to audio: ${accept}`);
});

test('who leaves while it rings is an abandon, and the desk stops ringing', async () => {
  const hasty = await aboutToStart(browserC, 'chat');
  await hasty.at('start').click();
  await agent.ringing();
  await hasty.at('leave-queue').click();
  abandoned++;
  await until('the ringing to stop', async () => await agent.at('ringing').count() === 0);
  await agent.presence('READY');
  await hasty.page.context().close();
});

test('the board has counted all of it', async () => {
  await until('the numbers', async () => {
    const { page, ...now } = { page: null, ...await board.counts('orders') };
    assert.deepEqual([now.offered - first.offered, now.answered - first.answered, now.abandoned - first.abandoned],
      [answered + abandoned, answered, abandoned], 'offered, answered, abandoned');
    assert.equal(now.waiting, 0);
    return true;
  }, 20_000, 250);
  const [level, asa, aht] = await Promise.all(['sl', 'asa', 'aht'].map(t => board.tile(t)));
  assert.ok(level.number > 0 && level.number <= 100 && /^SL 20 s/.test(level.note), `service level: ${JSON.stringify(level)}`);
  assert.ok(asa.seconds >= 1, 'who waited ten seconds is in the average speed of answer');
  assert.ok(aht.seconds >= 1, 'and the long call in the handle time');
  await board.presence('agent-1', 'READY');
  assert.equal(await board.page.getByTestId('board').getAttribute('data-fresh'), 'live');
  await shot(board.page, 'board');
});

test('tl why tells the contact\'s story', () => {
  const story = tl('why', contactId);
  assert.match(story, /agent-1/);
  assert.match(story, /accepted/i);
  assert.ok(story.includes(why), `the card's reason: "${why}"`);
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
  const mine = events.filter(x => x.meta.contact_id === contactId);
  assert.deepEqual([...new Set(mine.map(e => e.meta.trace_id.length))], [32], 'each step carries its trace');
  assert.equal(new Set(mine.map(e => e.meta.trace_id)).size, 1, 'one trace from the request to the survey');
  for (const e of mine) {
    assert.equal(e.headers.ce_id, e.meta.event_id);
    assert.match(e.headers.traceparent, new RegExp(`^00-${e.meta.trace_id}-[0-9a-f]{16}-01$`), e.name);
    assert.match(e.headers.ce_type, new RegExp(`^threadline\\.${e.topic}\\.v1\\.`));
  }
  assert.ok(events.some(e => e.name === 'page_viewed' && e.topic === 'clickstream'));
  const { lost, duplicates } = stream.audit(events);
  Object.assign(figures, { kafka_events: events.length, lost, duplicates });
  assert.equal(duplicates, 0, 'no event twice');
  assert.equal(lost, 0, 'no number missing');
  const raw = JSON.stringify(events);
  assert.ok(!raw.includes(SECRET) && !raw.includes('waterproof'), 'no typed text, no message text in the stream');
});

test('no log holds what people typed or said', () => {
  for (const file of logs()) {
    const text = readFileSync(file, 'utf8');
    assert.ok(!text.includes(SECRET) && !text.includes('waterproof'), file);
  }
});

test('no page had a script error', () => {
  assert.deepEqual([customer, agent, board].flatMap(who => who.page.errors), []);
});
