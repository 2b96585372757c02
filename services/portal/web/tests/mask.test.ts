// @vitest-environment jsdom
// What never leaves the customer's browser: first our own lock, then rrweb and ours together.
import { afterEach, describe, expect, it } from 'vitest';
import { record } from 'rrweb';
import { BLOCK_SELECTOR, BULLETS, MASK_SELECTOR, maskText, scrub, without } from '../src/cobrowse/mask';
import type { PageEvent } from '../src/cobrowse/wire';

const full = (node: object): PageEvent => ({ type: 2, timestamp: 1, data: { node } });
const text = (v: unknown): string => JSON.stringify(v);
const el = (tagName: string, attributes: object, childNodes: object[] = []): object =>
  ({ type: 2, tagName, attributes, childNodes, id: 1 });

describe('masked text', () => {
  it('does not even tell its length', () => {
    expect(maskText('1')).toBe(BULLETS);
    expect(maskText('4111 1111 1111 1111')).toBe(BULLETS);
    expect(maskText('')).toBe('');
  });
});

describe('scrub', () => {
  it('takes out values of fields, but not the labels of buttons', () => {
    const out = text(scrub(full(el('form', {}, [
      el('input', { type: 'text', value: 'secret-1' }), el('textarea', { value: 'secret-2' }, [
        { type: 3, textContent: 'secret-3' }]),
      el('INPUT', { value: 'secret-4' }), el('option', { value: 'secret-5' }),
      el('input', { type: 'submit', value: 'Pay now' }),
    ]))));
    expect(out).not.toContain('secret');
    expect(out).toContain('Pay now');
  });

  it('takes out everything that could run', () => {
    const out = text(scrub(full(el('div', { onclick: 'evil()', OnLoad: 'evil()', class: 'ok' }, [
      el('a', { href: 'java\nscript:evil()' }), el('a', { href: ' JavaScript:evil()' }),
      el('iframe', { srcdoc: '<script>evil()</script>', src: 'data:text/html,evil()' }),
      el('iframe', { src: 'https://evil.example/' }), el('script', { src: '/a.js' }, [{ type: 3, textContent: 'evil()' }]),
      el('a', { href: '/fine' }),
    ]))));
    expect(out).not.toMatch(/evil|"script"/);
    expect(out).toContain('/fine');
    expect(out).toContain('ok');
  });

  it('masks typed text and changed values in later events', () => {
    const typed = scrub({ type: 3, timestamp: 1, data: { source: 5, id: 4, text: 'secret' } });
    expect(typed.data).toMatchObject({ text: BULLETS });
    const change = scrub({ type: 3, timestamp: 1, data: { source: 0,
      adds: [{ parentId: 1, node: el('input', { value: 'secret' }) }],
      attributes: [{ id: 2, attributes: { value: 'secret', onfocus: 'evil()', class: 'red' } }],
      removes: [], texts: [] } });
    expect(text(change)).not.toMatch(/secret|evil/);
    expect(text(change)).toContain('red');
  });

  it('takes away what an address carries behind its path', () => {
    const meta = scrub({ type: 4, timestamp: 1,
      data: { href: 'https://x.example/a?token=secret#secret', width: 10, height: 20 } });
    expect(meta.data).toEqual({ href: 'https://x.example/a', width: 10, height: 20 });
  });

  it('takes it from links and forms, too, whose words it keeps', () => {
    const out = text(scrub(full(el('p', {}, [el('a', { href: '/order?email=secret-1#secret-2', title: 'Order' }),
      el('form', { action: '/pay?token=secret-3' }), el('img', { src: '/tent.webp?w=300' })]))));
    expect(out).not.toContain('secret');
    expect(out).toMatch(/\/order".*Order.*\/pay".*w=300/);
    const later = scrub({ type: 3, timestamp: 1, data: { source: 0, adds: [], removes: [], texts: [],
      attributes: [{ id: 2, attributes: { href: '/order?email=secret' } }] } });
    expect(text(later)).not.toContain('secret');
  });

  it('masks the words in attributes of a masked part, now and later', () => {
    const picture = el('img', { 'alt': 'secret-1', 'title': 'secret-2', 'data-name': 'secret-3', 'class': 'photo' });
    const words = { type: 3, textContent: 'secret-4' };
    for (const mark of [{ 'data-tl-mask': '' }, { class: 'a tl-mask' }, { contenteditable: 'true' }]) {
      const out = text(scrub(full(el('div', { ...mark, 'aria-label': 'secret-5' }, [el('p', {}, [picture, words])]))));
      expect(out).not.toContain('secret');
      expect(out).toContain('photo');
    }
    expect(text(scrub(full(el('div', { contenteditable: 'false', title: 'open' }))))).toContain('open');
    const later: PageEvent = { type: 3, timestamp: 1, data: { source: 0, removes: [], texts: [],
      adds: [{ parentId: 7, node: picture }], attributes: [{ id: 7, attributes: { title: 'secret-6' } }] } };
    expect(text(scrub(later, id => id === 7))).not.toContain('secret');
    expect(text(scrub(later))).toContain('secret-1');
  });

  it('masks what is written later into a masked part, whoever let it through', () => {
    const later: PageEvent = { type: 3, timestamp: 1, data: { source: 0, removes: [], adds: [], attributes: [],
      texts: [{ id: 7, value: 'secret' }, { id: 8, value: 'open' }, { id: 7, value: null }] } };
    const out = scrub(later, id => id === 7);
    expect((out.data as { texts: unknown[] }).texts).toEqual(
      [{ id: 7, value: BULLETS }, { id: 8, value: 'open' }, { id: 7, value: null }]);
  });

  it('leaves other events and its argument as they are', () => {
    const move: PageEvent = { type: 3, timestamp: 1, data: { source: 1, positions: [] } };
    expect(scrub(move)).toBe(move);
    const event = full(el('input', { value: 'mine' }));
    scrub(event);
    expect(text(event)).toContain('mine');
  });
});

describe('without', () => {
  const hidden = (id: number) => id >= 100;

  it('drops what happens in our own interface and keeps the rest', () => {
    const e = without({ type: 3, timestamp: 1, data: { source: 0,
      adds: [{ parentId: 1, node: {} }, { parentId: 100, node: { textContent: 'chat' } }],
      removes: [{ parentId: 101, id: 5 }], texts: [{ id: 102, value: 'chat' }], attributes: [] } }, hidden);
    expect(text(e)).not.toContain('chat');
    expect(e!.data).toMatchObject({ adds: [{ parentId: 1 }], removes: [], texts: [] });
    expect(without({ type: 3, timestamp: 1, data: { source: 0, adds: [], removes: [], attributes: [],
      texts: [{ id: 100, value: 'chat' }] } }, hidden)).toBeNull();
    expect(without({ type: 3, timestamp: 1, data: { source: 15, id: 100 } }, hidden)).toBeNull();
    const other = { type: 3, timestamp: 1, data: { source: 3, id: 4 } };
    expect(without(other, hidden)).toBe(other);
  });
});

describe('rrweb with our rules', () => {
  let stop: (() => void) | undefined;
  afterEach(() => stop?.());

  it('records a page without what people typed or what the site marked', async () => {
    document.body.innerHTML = `<h1>Checkout</h1>
      <input id="card" value="secret-0"><input type="password" id="pin"><textarea id="note"></textarea>
      <div contenteditable="true">secret-1 <b>secret-2</b></div><p data-tl-mask>secret-3 <i>secret-4</i></p>
      <div class="tl-block">secret-5</div><p id="open">Total 12</p>`;
    (document.getElementById('pin') as HTMLInputElement).value = 'secret-6';
    const heard: PageEvent[] = [];
    stop = record({
      emit: e => heard.push(scrub(e as unknown as PageEvent)), maskAllInputs: true,
      maskInputFn: maskText, maskTextSelector: MASK_SELECTOR, maskTextFn: maskText,
      blockSelector: BLOCK_SELECTOR,
    });
    const card = document.getElementById('card') as HTMLInputElement;
    card.value = 'secret-7';
    card.dispatchEvent(new Event('input', { bubbles: true }));
    card.setAttribute('value', 'secret-8');
    document.getElementById('note')!.textContent = 'secret-9';
    document.getElementById('open')!.textContent = 'Total 34';
    await new Promise(r => setTimeout(r, 60));
    const out = text(heard);
    expect(out).toContain('Checkout');
    expect(out).toContain('Total 34');
    expect(out).not.toContain('secret');
  });
});
