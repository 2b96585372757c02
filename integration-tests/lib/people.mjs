// What the people of the stories do: a customer in the shop, an agent at the desk.
import { demoPassword, origin, until } from './platform.mjs';
import { firstHeard, hears, newPage } from './browser.mjs';

export const CUSTOMER_HZ = 440;
export const AGENT_HZ = 1000;
const LOUD = -45; // dB; a tone that arrives is above -25, one that does not is below -80

export class Customer {
  constructor(page) {
    this.page = page;
  }

  static async open(browser, options) {
    return new Customer(await newPage(browser, options));
  }

  goto(path) {
    return this.page.goto(origin + path, { waitUntil: 'load' });
  }

  at(id) {
    return this.page.getByTestId(id);
  }

  /** Fill a basket that is worth an invitation, the way a visitor does. */
  async shop() {
    await this.goto('/shop/');
    await this.page.locator('[data-testid^="product-"]').first().click();
    await this.at('add-to-basket').click();
    await this.goto('/shop/');
    for (const add of (await this.page.locator('[data-testid^="add-"]').all()).slice(0, 3)) await add.click();
    await this.goto('/shop/basket');
    await this.at('to-checkout').click();
    await this.page.waitForURL('**/shop/checkout');
  }

  signIn() {
    return this.at('shop-signin').click();
  }

  async help(channel, { cobrowse = false } = {}) {
    await this.at('help-button').click();
    await this.at(`choose-${channel}`).check({ force: true });
    await this.at('consent').check();
    if (cobrowse) await this.at('consent-cobrowse').check();
    await this.at('start').click();
  }

  step(name) {
    return until(`the customer's panel to say "${name}"`, () => this.page
      .locator(`[data-testid="help-panel"][data-step="${name}"]`).count());
  }

  async end() {
    await this.at('end-call').click();
  }
}

export class Agent {
  constructor(page, name) {
    this.page = page;
    this.name = name;
  }

  static async signIn(browser, name, options) {
    const agent = new Agent(await newPage(browser, options), name);
    await agent.page.goto(`${origin}/desk/`, { waitUntil: 'load' });
    await agent.at('username').fill(name);
    await agent.at('password').fill(demoPassword());
    await agent.at('signin').click();
    await until(`${name}'s sound to be ready`,
      async () => await agent.at('sound').getAttribute('data-state') === 'up', 30_000);
    return agent;
  }

  at(id) {
    return this.page.getByTestId(id);
  }

  presence(want) {
    return until(`${this.name} to be ${want}`, async () =>
      await this.at('presence').getAttribute('data-presence') === `AGENT_PRESENCE_${want}`);
  }

  async ready() {
    if (await this.at('presence').getAttribute('data-presence') !== 'AGENT_PRESENCE_READY')
      await this.at('ready').click();
    await this.presence('READY');
  }

  ringing() {
    return this.at('ringing').waitFor({ state: 'visible' });
  }

  phase(want) {
    return until(`${this.name}'s contact to be ${want}`, async () => await this.at('conversation')
      .first().getAttribute('data-phase') === `CONTACT_PHASE_${want}`);
  }

  contactId() {
    return this.at('conversation').first().getAttribute('data-contact-id');
  }

  async wrapUp(note = '') {
    await this.at('wrapup').waitFor();
    await this.page.locator('[data-testid^="disposition-"]').first().check({ force: true });
    await this.at('wrapup-note').fill(note);
    await this.at('wrapup-complete').click();
    await this.presence('READY');
  }
}

/** Each side hears the other's tone and not its own. */
export async function hearEachOther(customer, agent, ms = 20_000) {
  await until('both sides to hear each other', async () => {
    const [c, a] = await Promise.all([hears(customer.page, [CUSTOMER_HZ, AGENT_HZ]),
      hears(agent.page, [CUSTOMER_HZ, AGENT_HZ])]);
    customer.heard = c;
    agent.heard = a;
    return c[AGENT_HZ] > LOUD && a[CUSTOMER_HZ] > LOUD && c[CUSTOMER_HZ] < -55 && a[AGENT_HZ] < -55;
  }, ms);
}

/** Wall clock [ms] at which each side first hears the other again; NaN for never. */
export async function backTogether(customer, agent, ms = 15_000) {
  const times = await Promise.all([firstHeard(customer.page, AGENT_HZ, ms), firstHeard(agent.page, CUSTOMER_HZ, ms)]);
  return times.some(t => t < 0) ? NaN : Math.max(...times);
}
