// The widget on a page that knows nothing of it: a few kB, one name, one element; nothing runs into the page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { newPage, startBrowser } from '../lib/browser.mjs';
import { CUSTOMER_HZ } from '../lib/people.mjs';
import { origin } from '../lib/platform.mjs';

const FEW_KB = 6;
let browser;

before(async () => { browser = await startBrowser(CUSTOMER_HZ); });
after(() => browser?.close());

test('the first script is a few kB, and the rest comes only with Help', async () => {
  const page = await newPage(browser);
  const fetched = [];
  page.on('response', r => new URL(r.url()).pathname.endsWith('.js') && fetched.push(r));
  await page.route(`${origin}/a-page`, r => r.fulfill({ contentType: 'text/html', body: '<h1>A page</h1>' }));
  await page.goto(`${origin}/a-page`);
  const [before, styles] = await page.evaluate(() => [Object.keys(window), document.styleSheets.length]);
  await page.addScriptTag({ url: `${origin}/widget.js` });
  await page.getByTestId('help-button').waitFor();
  const after = await page.evaluate(() => Object.keys(window));
  assert.deepEqual(after.filter(name => !before.includes(name)), ['Threadline'], 'one name in the page\'s scope');
  assert.deepEqual(await page.evaluate(() => [...document.body.children].map(e => e.id || e.tagName)),
    ['H1', 'threadline-widget'], 'one element');
  assert.equal(await page.evaluate(() => document.styleSheets.length), styles, 'no style');
  assert.equal(fetched.length, 1);
  const kb = gzipSync(await fetched[0].body()).length / 1024;
  assert.ok(kb < FEW_KB, `${kb.toFixed(1)} kB`);
  await page.getByTestId('help-button').click();
  await page.getByTestId('help-panel').waitFor();
  assert.ok(fetched.length > 1, 'Help fetches the call');
  assert.ok(!fetched.some(r => /recorder/.test(r.url())), 'and not the page recorder');
  const later = await page.evaluate(() => Object.keys(window));
  assert.deepEqual(later.filter(name => !before.includes(name)), ['Threadline']);
  assert.deepEqual(page.errors, []);
});

test('a page whose policy allows no inline styles gets the widget as it is', async () => {
  const page = await newPage(browser);
  const complaints = [];
  page.on('console', m => /Content Security Policy/.test(m.text()) && complaints.push(m.text()));
  await page.route(`${origin}/a-strict-page`, r => r.fulfill({ contentType: 'text/html', body: '<h1>A page</h1>'
    + '<script src="/widget.js" data-section="checkout"></script>', headers: {
    'content-security-policy': 'default-src \'none\'; script-src \'self\'; connect-src \'self\'' } }));
  await page.goto(`${origin}/a-strict-page`);
  await page.getByTestId('help-button').click();
  await page.getByTestId('help-panel').waitFor();
  const color = await page.getByTestId('start').evaluate(b => getComputedStyle(b).backgroundColor);
  assert.equal(color, 'rgb(31, 94, 255)', 'the panel has its own style');
  assert.deepEqual(complaints, []);
});
