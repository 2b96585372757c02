// usage: calls.mjs [CALLS]     What a caller waits for: Help to ringing desk, accept to two-way sound, page event to
// invitation.  The browsers' own share of the sound is measured in the same run by a direct call between them.
import { directCall, newPage, startBrowser } from '../lib/browser.mjs';
import { AGENT_HZ, Agent, backTogether, Customer, CUSTOMER_HZ } from '../lib/people.mjs';
import { origin, percentile, sleep } from '../lib/platform.mjs';
import { loadavg } from 'node:os';

const calls = Number(process.argv[2] ?? 20);
const line = (name, values, limit) => console.log(`${name.padEnd(34)} p50 ${percentile(values, 0.5).toFixed(1).padStart(7)} ms`
  + `   p95 ${percentile(values, 0.95).toFixed(1).padStart(7)} ms   p99 ${percentile(values, 0.99).toFixed(1).padStart(7)} ms`
  + `   n ${values.length}   limit ${limit}`);

/** One page event after the other on one connection; each answer could carry an invitation. */
async function pageEvents(n) {
  const took = [];
  let token, visit_id;
  for (let i = 0; i < n + 50; i++) {
    const body = JSON.stringify({ token, visit_id, events: [{ type: 'heartbeat', url: '/shop/checkout', section: 'checkout',
      dwell_ms: 1000 * i }] });
    const start = performance.now();
    const res = await fetch(`${origin}/v1/collect`, { method: 'POST', body, headers: { 'content-type': 'application/json', origin } });
    const answer = await res.json();
    if (res.status === 429) { await sleep(200); continue; }
    if (res.status !== 200) throw new Error(`collect answered ${res.status}`);
    token ??= answer.token;
    visit_id ??= answer.visit_id;
    if (i >= 50) took.push(performance.now() - start); // the first ones warm up
    await sleep(2);
  }
  return took;
}

const [browserC, browserA] = await Promise.all([startBrowser(CUSTOMER_HZ), startBrowser(AGENT_HZ)]);
try {
  const [one, other] = await Promise.all([newPage(browserC), newPage(browserA)]);
  await Promise.all([one.goto(`${origin}/404`), other.goto(`${origin}/404`)]);
  const direct = await directCall(one, other, CUSTOMER_HZ, AGENT_HZ, 8);
  await Promise.all([one.context().close(), other.context().close()]);

  const agent = await Agent.signIn(browserA, 'agent-1');
  await agent.ready();
  const customer = await Customer.open(browserC);
  const ring = [], sound = [];
  for (let i = 0; i < calls; i++) {
    await customer.goto('/shop/checkout');
    await customer.at('help-button').click();
    await customer.at('choose-voice').check({ force: true });
    await customer.at('consent').check();
    const rang = agent.page.evaluate(() => new Promise(done => {
      const look = () => document.querySelector('[data-testid="ringing"]') ? done(Date.now()) : setTimeout(look, 4);
      look();
    }));
    const pressed = await customer.at('start').evaluate(b => { const t = Date.now(); b.click(); return t; });
    ring.push(await rang - pressed);
    await sleep(1500); // both legs are up: what is measured is the connecting
    const heard = backTogether(customer, agent);
    await sleep(150);
    const clicked = await agent.at('accept').evaluate(b => { const t = Date.now(); b.click(); return t; });
    sound.push(await heard - clicked);
    await customer.end();
    await agent.wrapUp();
    if (await customer.at('survey-skip').count()) await customer.at('survey-skip').click();
  }
  const events = await pageEvents(1000);
  line('Help to ringing desk', ring, 'p95 300 ms');
  line('accept to sound both ways', sound, 'p95 200 ms');
  line('  of it the browsers (direct call)', direct, '-');
  line('page event to answer', events, 'p99 10 ms');
  console.log(`load average ${loadavg()[0].toFixed(1)}`);
  console.log(`help_to_ring_p95_ms=${percentile(ring, 0.95)} accept_to_audio_p95_ms=${percentile(sound, 0.95)} `
    + `browsers_share_p50_ms=${percentile(direct, 0.5)} invitation_p99_ms=${percentile(events, 0.99).toFixed(1)}`);
} finally {
  await Promise.all([browserC.close(), browserA.close()]);
}
