// Everybody can use it: every page and every state of the journey, wide and narrow, light and dark, looked at by
// axe-core; and the same journey by keyboard alone.  With TL_SCREENSHOTS each state is also written as pictures.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Board } from '../lib/board.mjs';
import { newPage, startBrowser } from '../lib/browser.mjs';
import { AGENT_HZ, Agent, Customer, CUSTOMER_HZ } from '../lib/people.mjs';
import { demoPassword, origin, sleep, until } from '../lib/platform.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 400, height: 800 };
const shots = process.env.TL_SCREENSHOTS;
const calm = { viewport: WIDE, reducedMotion: 'reduce', colorScheme: 'light' };
let browserC, browserA, customer, agent;

before(async () => {
  if (shots) mkdirSync(shots, { recursive: true });
  [browserC, browserA] = await Promise.all([startBrowser(CUSTOMER_HZ), startBrowser(AGENT_HZ)]);
});

after(() => Promise.all([browserC?.close(), browserA?.close()]));

/** What axe calls serious or critical, one line each. */
async function complaints(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const found = await window.axe.run(document, {
      iframes: false, // the customer's page at the desk is not ours
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    });
    return found.violations.filter(v => v.impact === 'serious' || v.impact === 'critical').flatMap(v =>
      v.nodes.map(n => `${v.id}: ${n.target.flat().join(' ')}: ${n.any.concat(n.all)[0]?.message ?? v.help}`));
  });
}

/** The page as it is now, in both widths and both themes. */
async function look(page, name) {
  const bad = [];
  for (const [width, viewport] of [['wide', WIDE], ['narrow', NARROW]])
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await sleep(150);
      if (shots) await page.screenshot({ path: path.join(shots, `${name}-${width}-${colorScheme}.png`) });
      bad.push(...(await complaints(page)).map(c => `${name}, ${width}, ${colorScheme}: ${c}`));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) bad.push(`${name}, ${width}: ${over} px wider than the window`);
    }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  assert.ok(!bad.length, bad.join('\n'));
}

test('the shop', async t => {
  customer = await Customer.open(browserC, calm);
  await customer.goto('/shop/');
  await customer.page.locator('[data-testid^="add-"]').first().click();
  for (const [name, url] of [['home', '/'], ['shop-catalogue', '/shop/'], ['shop-trip', '/shop/trip'],
    ['shop-basket', '/shop/basket'], ['shop-checkout', '/shop/checkout']])
    await t.test(name, async () => {
      await customer.goto(url);
      await sleep(300);
      await look(customer.page, name);
    });
  await t.test('shop-product', async () => {
    await customer.goto('/shop/');
    await customer.page.locator('[data-testid^="product-"]').first().click();
    await customer.at('add-to-basket').waitFor();
    await look(customer.page, 'shop-product');
  });
});

test('the desk before a contact', async t => {
  const page = await newPage(browserA, calm);
  await page.goto(`${origin}/desk/`);
  await page.getByTestId('username').waitFor();
  await t.test('sign-in', () => look(page, 'desk-signin'));
  await page.context().close();
  agent = await Agent.signIn(browserA, 'agent-1', calm);
  await agent.ready();
  await t.test('idle', () => look(agent.page, 'desk-idle'));
  await t.test('devices', async () => {
    await agent.at('devices-open').click();
    await look(agent.page, 'desk-devices');
    await agent.page.keyboard.press('Escape');
    await agent.at('devices').waitFor({ state: 'detached' }); // Escape closes it
    await focusAt(agent.page, 'devices-open'); // and gives the focus back
  });
  await t.test('sound in another tab', async () => {
    const second = await agent.page.context().newPage();
    await second.goto(`${origin}/desk/`);
    await second.getByTestId('username').fill('agent-1');
    await second.getByTestId('password').fill(demoPassword());
    await second.getByTestId('password').press('Enter');
    await agent.at('sound-elsewhere').waitFor();
    await look(agent.page, 'desk-sound-elsewhere');
    await tabTo(agent.page, 'sound-here');
    await agent.page.keyboard.press('Enter');
    await agent.at('sound-elsewhere').waitFor({ state: 'detached' });
    await second.close();
  });
});

/** data-testid of what has the focus, in the page or in the widget. */
const focused = page => page.evaluate(() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.dataset?.testid ?? at?.tagName ?? '';
});

/** A page moves the focus after it is painted. */
const focusAt = (page, id) => until(`the focus to be on ${id}`, async () => await focused(page) === id);

test('help by keyboard: choose, consent, start', async t => {
  await customer.goto('/shop/checkout');
  await customer.page.waitForTimeout(300);
  await customer.at('help-button').focus();
  await customer.page.keyboard.press('Enter');
  await focusAt(customer.page, 'help-panel');
  await t.test('choose', () => look(customer.page, 'widget-choose'));
  await customer.page.keyboard.press('Escape');
  await focusAt(customer.page, 'help-button'); // again
  await customer.page.keyboard.press('Enter');
  await focusAt(customer.page, 'help-panel');
  await tabTo(customer.page, 'choose-video');
  await tabTo(customer.page, 'consent');
  await customer.page.keyboard.press('Space');
  await tabTo(customer.page, 'start');
  await agent.page.getByTestId('not-ready').selectOption({ index: 1 });
  await agent.presence('NOT_READY');
  await customer.page.keyboard.press('Enter');
  await customer.step('waiting');
  await sleep(1200);
  await t.test('waiting', () => look(customer.page, 'widget-waiting'));
});

async function tabTo(page, id) {
  for (let i = 0; i < 12; i++) {
    if (await focused(page) === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${id} is not reached by Tab; the focus is on ${await focused(page)}`);
}

test('the contact, by keyboard where the agent has none', async t => {
  await agent.at('ready').click();
  await agent.ringing();
  await focusAt(agent.page, 'accept'); // Enter answers
  await t.test('ringing', () => look(agent.page, 'desk-ringing'));
  await agent.page.keyboard.press('Enter');
  await customer.step('connected');
  await agent.phase('CONNECTED');
  await focusAt(agent.page, 'conversation'); // it goes on there
  await customer.at('agent-video').waitFor();
  await sleep(800);
  await t.test('connected, customer', () => look(customer.page, 'widget-connected'));
  await t.test('connected, agent', () => look(agent.page, 'desk-connected'));
  await agent.at('chat-input').fill('Good morning! What can I do for you?');
  await agent.page.keyboard.press('Enter');
  await customer.at('chat-input').fill('Is the bag waterproof?');
  await customer.page.keyboard.press('Enter');
  await agent.at('screen-share').click();
  await customer.at('agent-video-small').waitFor();
  await agent.at('cobrowse-ask').click();
  await customer.at('cobrowse-allow').waitFor();
  await focusAt(customer.page, 'cobrowse-allow');
  await t.test('asked for the page', () => look(customer.page, 'widget-asked'));
  await customer.page.keyboard.press('Enter');
  await customer.at('cobrowse-bar').waitFor();
  await agent.page.locator('[data-testid="cobrowse"][data-shown="true"]').waitFor();
  await sleep(1000);
  await t.test('co-browse, customer', () => look(customer.page, 'widget-cobrowse'));
  await t.test('co-browse, agent', () => look(agent.page, 'desk-cobrowse'));
  await t.test('the agent points and draws by keyboard', async () => {
    const marks = name => customer.at('cobrowse-overlay').getAttribute(`data-${name}`);
    await agent.at('cobrowse-canvas').focus();
    for (const key of ['Shift+ArrowRight', 'Shift+ArrowDown']) await agent.page.keyboard.press(key);
    await until('the pointer in the shop', async () => /^[1-9][\d.]*,[1-9]/.test(await marks('pointer')));
    const drawn = Number(await marks('strokes') ?? 0);
    await agent.at('tool-pen').click();
    await agent.at('cobrowse-canvas').focus();
    for (const key of ['Enter', 'Shift+ArrowRight', 'Shift+ArrowRight', 'Enter']) await agent.page.keyboard.press(key);
    await until('the drawing in the shop', async () => Number(await marks('strokes')) === drawn + 1);
  });
  await t.test('the agent sees page and chat at once', async () => {
    for (const id of ['cobrowse-canvas', 'chat-input', 'end-call']) {
      const box = await agent.at(id).boundingBox();
      assert.ok(box && box.y >= 0 && box.y + box.height <= WIDE.height + 1, `${id} is in the window: ${JSON.stringify(box)}`);
    }
  });
  await t.test('the customer makes the panel small and finds it again', async () => {
    await customer.page.setViewportSize(NARROW);
    await customer.at('panel-close').focus();
    await customer.page.keyboard.press('Enter');
    await customer.at('call-pill').waitFor();
    await sleep(150);
    await look(customer.page, 'widget-pill');
    await customer.at('call-pill').getByRole('button').first().click();
    await customer.step('connected');
  });
  await customer.end();
  await customer.step('survey');
  await t.test('survey', () => look(customer.page, 'widget-survey'));
  await agent.phase('WRAP_UP');
  await t.test('wrap-up', () => look(agent.page, 'desk-wrapup'));
  await agent.wrapUp('Asked about the bag.');
});

test('the board', async () => {
  const page = await newPage(browserA, calm);
  await page.goto(`${origin}/board/`);
  await page.getByTestId('username').fill('supervisor-1');
  await page.getByTestId('password').fill(demoPassword());
  await page.getByTestId('signin').click();
  await page.getByTestId('board-queues').waitFor();
  await sleep(1200);
  await look(page, 'board');
});

test('what goes wrong is said, with what to do about it', async t => {
  const bare = await startBrowser(CUSTOMER_HZ, { devices: false });
  t.after(() => bare.close());
  const visitor = await Customer.open(bare, calm);
  await visitor.goto('/shop/checkout');
  await t.test('a customer without a microphone can write instead', async () => {
    await visitor.help('video');
    await visitor.step('problem');
    assert.match(await visitor.at('help-panel').innerText(), /No microphone[^]*Plug one in/);
    await look(visitor.page, 'widget-problem');
    await visitor.at('chat-instead').click();
    await visitor.step('waiting');
    await visitor.at('leave-queue').click();
    await visitor.step('done');
  });
  await t.test('an agent without one is told before a customer is', async () => {
    const page = await newPage(bare, calm);
    await page.goto(`${origin}/desk/`);
    await page.getByTestId('username').fill('agent-3');
    await page.getByTestId('password').fill(demoPassword());
    await page.getByTestId('signin').click();
    await page.getByTestId('no-microphone').waitFor();
    await look(page, 'desk-no-microphone');
    await page.getByTestId('signout').click();
    await page.getByTestId('username').waitFor();
  });
  await t.test('a board without its server keeps the figures and says so', async () => {
    const board = await Board.open(await newPage(browserA, calm));
    await board.page.context().setOffline(true);
    await until('the loss', async () => await board.page.getByTestId('board').getAttribute('data-fresh') === 'lost');
    assert.match(await board.page.getByTestId('board-fresh').innerText(), /Connection lost/);
    assert.equal(await board.page.getByTestId('board-queues').count(), 1);
    await look(board.page, 'board-lost');
    await board.page.context().setOffline(false);
    await until('it to be live', async () => await board.page.getByTestId('board').getAttribute('data-fresh') === 'live');
  });
});

test('a wrap-up that runs out of time keeps what was written', async () => {
  const again = async () => {
    await customer.goto('/shop/checkout');
    await customer.help('chat');
    await agent.ringing();
  };
  await again();
  await agent.at('accept').click();
  await customer.step('connected');
  await customer.end();
  await agent.at('wrapup').waitFor();
  await agent.at('wrapup-note').fill('Will send a photo of the seam.');
  await until('the time to be over', async () => await agent.at('wrapup').count() === 0, 60_000, 500);
  await agent.at('notice').waitFor();
  assert.match(await agent.at('notice').innerText(), /is stored/);
  await agent.ready();
  await again();
  await until('the note on the card', async () =>
    /photo of the seam/.test(await agent.at('ringing').getByTestId('card-earlier').innerText()));
  await customer.at('leave-queue').click();
});
