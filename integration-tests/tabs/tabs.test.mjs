// Two tabs of one person: the newest has the sound, the other says so and does not fight for it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from '../lib/browser.mjs';
import { AGENT_HZ, Agent, Customer, CUSTOMER_HZ, hearEachOther } from '../lib/people.mjs';
import { demoPassword, origin, sleep, until } from '../lib/platform.mjs';

let browserC, browserA, agent, customer;

before(async () => {
  [browserC, browserA] = await Promise.all([startBrowser(CUSTOMER_HZ), startBrowser(AGENT_HZ)]);
});

after(() => Promise.all([browserC?.close(), browserA?.close()]));

/** Count what a page sends as `kind` from now on. */
function counts(page, kind) {
  const seen = { n: 0 };
  page.on('websocket', ws => ws.on('framesent', f => { seen.n += String(f.payload).includes(`"${kind}"`) ? 1 : 0; }));
  return seen;
}

const sound = (page, want) => until(`the sound to be ${want}`,
  async () => await page.getByTestId('sound').getAttribute('data-state') === want, 15_000);

test('a second desk tab takes the sound; the first says so, waits, and fetches it back when asked', async () => {
  agent = await Agent.signIn(browserA, 'agent-2');
  const first = agent.page;
  const second = await first.context().newPage();
  const offers = counts(second, 'media_offer');
  await second.goto(`${origin}/desk/`);
  await second.getByTestId('username').fill('agent-2');
  await second.getByTestId('password').fill(demoPassword());
  await second.getByTestId('signin').click();
  await sound(second, 'up');
  await sound(first, 'taken');
  await first.getByTestId('sound-elsewhere').waitFor();
  const settled = offers.n; // one, or more where the machine was slow to connect the first
  await sleep(3000);
  assert.equal(offers.n, settled, 'nobody fights: no leg is offered any more');
  await sound(second, 'up');
  assert.equal(await second.getByTestId('sound-elsewhere').count(), 0);

  await first.getByTestId('sound-here').click();
  await sound(first, 'up');
  await sound(second, 'taken');
  assert.equal(await first.getByTestId('sound-elsewhere').count(), 0);
  await second.close();
  await sleep(500);
  await sound(first, 'up');
});

test('a duplicated shop tab takes the call with it; the old one says so and stays quiet', async () => {
  customer = await Customer.open(browserC);
  await customer.goto('/shop/checkout');
  const sockets = { n: 0 };
  customer.page.on('websocket', () => { sockets.n++; });
  await agent.ready();
  await customer.help('voice');
  await agent.ringing();
  await agent.at('accept').click();
  await customer.step('connected');
  await hearEachOther(customer, agent);
  const contact = await agent.contactId();

  const [copy] = await Promise.all([customer.page.context().waitForEvent('page'),
    customer.page.evaluate(() => { window.open(location.href); })]); // a copy of sessionStorage, as by Duplicate
  const old = customer;
  const again = new Customer(copy);
  await again.step('connected');
  await old.step('elsewhere');
  assert.match(await old.at('help-panel').innerText(), /another tab/);
  await hearEachOther(again, agent);
  const before = sockets.n;
  await sleep(3000);
  assert.equal(sockets.n, before, 'the old tab does not connect again');
  await again.step('connected');
  await old.page.reload();
  await old.at('help-button').waitFor();
  await sleep(1000);
  await again.step('connected');
  assert.equal(await agent.contactId(), contact, 'the same contact');
  await again.end();
  await agent.wrapUp();
});
