// The journey's figures: taken from outside, many times, without asking the pages.
import http from 'node:http';
import { newPage, directCall } from '../lib/browser.mjs';
import { AGENT_HZ, backTogether, Customer, CUSTOMER_HZ, hearEachOther } from '../lib/people.mjs';
import { origin, sleep, until } from '../lib/platform.mjs';

const agentOfHttp = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** One POST over a kept connection -> {ms, body}: from the first byte sent to the last byte heard. */
function post(path, body) {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const req = http.request(origin + path, { method: 'POST', agent: agentOfHttp,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), origin } }, res => {
      let got = '';
      res.on('data', d => { got += d; });
      res.on('end', () => res.statusCode === 200 ? resolve({ ms: performance.now() - start, body: JSON.parse(got) })
        : reject(new Error(`${path}: ${res.statusCode} ${got}`)));
    });
    req.on('error', reject);
    req.end(text);
  });
}

/**
 * Page event to invitation in the same answer [ms]: each sample is a visit of its own that looks at the checkout
 * long enough; the answer to that look carries the invitation.
 */
export async function invitations(n) {
  const times = [];
  let refused = 0;
  const basket = { type: 'basket', items: [{ sku: 'tent', name: 'Tent', quantity: 1, unit_price_minor: 19900 }],
    total_minor: 19900, currency: 'EUR' };
  while (times.length < n) {
    const view = { type: 'page_view', url: '/shop/checkout', title: 'Checkout', section: 'checkout', at_ms: Date.now() };
    const look = { type: 'heartbeat', url: '/shop/checkout', section: 'checkout', dwell_ms: 60_000 };
    try {
      const { token, visit_id } = (await post('/v1/collect', { events: [view, basket] })).body;
      const answer = await post('/v1/collect', { token, visit_id, events: [look] });
      if (!answer.body.invitation) throw new Error(`not invited: ${JSON.stringify(answer.body)}`);
      times.push(answer.ms);
    } catch (e) {
      if (++refused > 3) throw e; // a store that was busy for a moment is no reason to fail
      await sleep(500);
    }
    await sleep(8); // one address may ask 200 times a second
  }
  return times;
}

/** Press Start; -> how long until the desk rings [ms]. */
export async function ringTime(customer, agent) {
  const rang = agent.page.evaluate(() => new Promise(done => {
    const look = () => document.querySelector('[data-testid="ringing"]') ? done(Date.now()) : setTimeout(look, 4);
    look();
  }));
  const pressed = await customer.at('start').evaluate(b => { const t = Date.now(); b.click(); return t; });
  return await rang - pressed;
}

/** Both legs are up, the agent accepts; -> how long until each hears the other [ms]. */
export async function acceptTime(customer, agent) {
  await until('the customer\'s sound', () => customer.at('remote-audio').evaluate(e => !!e.srcObject));
  await sleep(1200); // what is measured is the connecting
  const heard = backTogether(customer, agent);
  await sleep(100);
  const clicked = await agent.at('accept').evaluate(b => { const t = Date.now(); b.click(); return t; });
  const ms = await heard - clicked;
  await hearEachOther(customer, agent);
  return ms;
}

/** The two browsers' own share: a call between them with nobody in between [ms]. */
export async function browsersShare(browserC, browserA) {
  const pages = await Promise.all([newPage(browserC), newPage(browserA)]);
  await Promise.all(pages.map(p => p.goto(`${origin}/404`))); // a secure context, no widget
  const times = await directCall(...pages, CUSTOMER_HZ, AGENT_HZ);
  await Promise.all(pages.map(p => p.context().close()));
  return times;
}

/** A customer who is about to press Start; `options` of the browser's window. */
export async function aboutToStart(browser, channel, options) {
  const customer = await Customer.open(browser, options);
  await customer.goto('/shop/checkout');
  await prepare(customer, channel);
  return customer;
}

export async function prepare(customer, channel) {
  await customer.at('help-button').click();
  await customer.at(`choose-${channel}`).check({ force: true });
  await customer.at('consent').check();
}
