// The small pure parts: dwell, coordinates, ids, words, transcripts, memory.
// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { documentToWindow, fit, stageToDocument, thin } from '../src/cobrowse/coords';
import { parseRoomFrame } from '../src/cobrowse/wire';
import { addMessage, fromSnapshot, markFailed } from '../src/lib/chat';
import { path } from '../src/desk/card';
import { ago, clock, dwell, expectedWait, forecastError, money, pageNames, percent, words } from '../src/lib/format';
import { ulid } from '../src/lib/ids';
import { address } from '../src/widget/address';
import { cut, pieces } from '../src/lib/text';
import { arrange } from '../src/widget/call/stage';
import { DwellClock } from '../src/widget/dwell';
import { Memory, safeStorage } from '../src/widget/memory';

describe('an address', () => {
  it('is told without its query, but for what the site allows', () => {
    expect(address('/shop/order', '?email=a@b.example&page=2', [])).toBe('/shop/order');
    expect(address('/shop/order', '?email=a@b.example&page=2&page=3', ['page', 'id'])).toBe('/shop/order?page=2&page=3');
    expect(address('/', '', ['page'])).toBe('/');
  });
});

describe('dwell', () => {
  it('counts only while the page is visible', () => {
    const c = new DwellClock(1000, true);
    expect(c.total(3000)).toBe(2000);
    c.hide(3000);
    expect(c.total(60_000)).toBe(2000);
    c.show(60_000);
    c.show(60_500); /* said twice */
    expect(c.total(61_000)).toBe(3000);
  });

  it('starts at nothing in a background tab', () => {
    const c = new DwellClock(0, false);
    c.hide(10);
    expect(c.total(5000)).toBe(0);
  });
});

describe('coordinates', () => {
  const scroll = { x: 0, y: 800 };

  it('shrink a big window and leave a small one alone', () => {
    expect(fit({ width: 1280, height: 720 }, { width: 640, height: 720 })).toBe(0.5);
    expect(fit({ width: 400, height: 800 }, { width: 1000, height: 400 })).toBe(0.5);
    expect(fit({ width: 400, height: 300 }, { width: 1000, height: 1000 })).toBe(1);
    expect(fit({ width: 0, height: 0 }, { width: 10, height: 10 })).toBe(1);
  });

  it('go from the stage to the document and to the window', () => {
    const p = stageToDocument([100, 50], 0.5, scroll);
    expect(p).toEqual([200, 900]);
    expect(documentToWindow(p, scroll)).toEqual([200, 100]);
  });

  it('stay put when the customer scrolls on', () => {
    const p = stageToDocument([100, 50], 1, { x: 0, y: 0 });
    expect(documentToWindow(p, { x: 0, y: 30 })).toEqual([100, 20]);
  });

  it('thin a drawing, but keep where it ends', () => {
    expect(thin([[0, 0], [0.5, 0], [1, 0], [3, 0], [3.5, 0]], 2)).toEqual([[0, 0], [3, 0], [3.5, 0]]);
  });
});

describe('frames of a room', () => {
  it('are checked field by field', () => {
    expect(parseRoomFrame('{"t":"pointer","x":1,"y":2}')).toEqual({ t: 'pointer', x: 1, y: 2 });
    for (const bad of ['', '1', 'null', '{"t":"eval"}', '{"t":"pointer","x":"1","y":2}',
      '{"t":"draw","id":"a","points":[[1]],"color":"#fff","w":1}', '{"t":"full","seq":1}'])
      expect(parseRoomFrame(bad)).toBeNull();
  });
});

describe('ids', () => {
  it('are ULIDs that sort by time', () => {
    const zero = (b: Uint8Array) => b.fill(0);
    expect(ulid(0, zero)).toBe('0'.repeat(26));
    expect(ulid(1469918176385, zero)).toBe('01ARYZ6S41' + '0'.repeat(16));
    expect(ulid(5, zero) < ulid(6, zero)).toBe(true);
    expect(ulid()).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
  });
});

describe('words', () => {
  it('says how wrong forecasts were, of the long waits if there were any', () => {
    expect(forecastError({})).toBe('–');
    expect(forecastError({ forecasts: 3, forecast_error: 1.5 })).toBe('~150\u00a0%');
    expect(forecastError({ forecasts: 3, forecast_error: 1.5, forecasts_long: 1, forecast_error_long: 0.2 }))
      .toBe('20\u00a0%');
  });

  it('say times as people do', () => {
    expect([0, 75, 3675].map(clock)).toEqual(['0:00', '1:15', '1:01:15']);
    expect([900, 42_000, 200_000, 3_660_000].map(dwell)).toEqual(['<1 s', '42 s', '3 min 20 s',
      '1 h 1 min']);
    expect([-1, 5, 40, 65, 300].map(expectedWait)).toEqual(['We cannot say how long it takes. You keep your place.',
      'Just a moment', 'Less than a minute', 'About a minute', 'About 5 minutes']);
    expect([10, 600, 7200, 90_000, 400_000].map(s => ago(0, s * 1000))).toEqual(['just now',
      '10 min ago', '2 h ago', 'yesterday', '5 days ago']);
  });

  it('say money in its own minor unit', () => {
    expect(money(42900, 'EUR', 'en')).toBe('€429.00');
    expect(money(500, 'JPY', 'en')).toBe('¥500');
    expect(money(500, 'nonsense', 'en')).toBe('5.00 nonsense');
  });

  it('make a label of an id', () => expect(words('follow_up')).toBe('Follow up'));
});

describe('a transcript', () => {
  it('recognises its own echo and keeps the order of the server', () => {
    let lines = addMessage([], { message_id: '2', text: 'b', sent_at_us: 20 });
    lines = [...lines, { client_ref: 'x', text: 'mine', pending: true }];
    lines = addMessage(lines, { message_id: '1', text: 'a', sent_at_us: 10 });
    expect(lines.map(l => l.text)).toEqual(['a', 'b', 'mine']);
    lines = addMessage(lines, { message_id: '3', client_ref: 'x', text: 'mine', sent_at_us: 30 });
    lines = addMessage(lines, { message_id: '3', client_ref: 'x', text: 'mine', sent_at_us: 30 });
    expect(lines).toHaveLength(3);
    expect(lines[2]).not.toHaveProperty('pending');
  });

  it('keeps what has not got through when a snapshot arrives', () => {
    const before = [{ client_ref: 'x', text: 'one', pending: true },
      { client_ref: 'y', text: 'two', pending: true }];
    const after = fromSnapshot([{ message_id: '1', client_ref: 'x', text: 'one' }], before);
    expect(after.map(l => [l.text, l.pending === true])).toEqual([['one', false], ['two', true]]);
    expect(markFailed(after, 'y')[1]).toMatchObject({ pending: false, failed: true });
  });

  it('keeps what was not sent in sight, at its end', () => {
    const failed = markFailed([{ client_ref: 'x', text: 'mine', pending: true }], 'x');
    const later = addMessage(failed, { message_id: '1', text: 'theirs', sent_at_us: 10 });
    expect(later.map(l => l.text)).toEqual(['theirs', 'mine']);
    expect(fromSnapshot([{ message_id: '1', text: 'theirs', sent_at_us: 10 }], later)).toEqual(later);
    const stored = { message_id: '2', client_ref: 'x', text: 'mine', sent_at_us: 20 };
    expect(fromSnapshot([stored], later)).toEqual([stored]); /* the answer was lost, not the line */
  });

  it('puts an echo where the server has it', () => {
    const mine = { client_ref: 'x', text: 'mine', pending: true };
    const lines = addMessage([mine], { message_id: '2', text: 'theirs', sent_at_us: 20 });
    expect(addMessage(lines, { message_id: '1', client_ref: 'x', text: 'mine', sent_at_us: 10 })
      .map(l => l.text)).toEqual(['mine', 'theirs']);
  });
});

describe('a long text', () => {
  const bytes = (t: string) => new TextEncoder().encode(t).length;

  it('goes in pieces that the protocol takes, whatever its letters weigh', () => {
    expect(pieces('short')).toEqual(['short']);
    expect(pieces('   ')).toEqual([]);
    for (const text of ['я'.repeat(4000), '😀'.repeat(2000), 'a'.repeat(4096), 'word '.repeat(2000)]) {
      const parts = pieces(text);
      expect(parts.every(t => bytes(t) <= 4096)).toBe(true);
      expect(parts.join('').replace(/ /g, '')).toBe(text.replace(/ /g, ''));
    }
    expect(pieces('word '.repeat(2000)).every(t => t.startsWith('word') && t.endsWith('word'))).toBe(true);
  });

  it('is cut between letters', () => {
    expect(cut('яяя', 5)).toBe('яя');
    expect(cut('a😀', 4)).toBe('a');
    expect(cut('a😀', 5)).toBe('a😀');
    expect(cut('\ud83d', 10)).toBe('\ufffd'); /* half a letter is none */
  });
});

describe('memory', () => {
  it('works in a browser that refuses storage', () => {
    const broken = safeStorage(() => { throw new Error('denied'); });
    const m = new Memory(broken, broken);
    m.token = 'a';
    expect(m.token).toBe('a');
    m.token = null;
    expect(m.token).toBeNull();
  });

  it('does not invite again what was dismissed, and forgets the oldest', () => {
    const s = safeStorage(() => { throw new Error('denied'); });
    const m = new Memory(s, s);
    m.dismiss('i1', 'rule:r1', '');
    expect([m.dismissed('i1'), m.dismissed('rule:r1'), m.dismissed(''), m.dismissed('i2')])
      .toEqual([true, true, false, false]);
    for (let i = 0; i < 60; i++)
      m.dismiss(`n${i}`);
    expect(m.dismissed('i1')).toBe(false);
    expect(m.dismissed('n59')).toBe(true);
  });

  it('takes up a running contact, and no broken note of one', () => {
    const s = safeStorage(() => { throw new Error('denied'); });
    const m = new Memory(s, s);
    m.contact = { contact_id: 'c', channel: 'CHANNEL_VIDEO', instance: 'm1', cobrowse: true };
    expect(m.contact?.contact_id).toBe('c');
    s.setItem('tl.contact', '{broken');
    expect(m.contact).toBeNull();
  });
});

describe('the pictures of the agent', () => {
  const view = (name: string) => ({ name, isScreen: name.startsWith('screen') });
  const shown = (...names: string[]) => {
    const { main, small } = arrange(names.map(view));
    return [main?.name, small?.name];
  };

  it('shows the screen big and the face small, whichever came first', () => {
    expect(shown('camera', 'screen')).toEqual(['screen', 'camera']);
    expect(shown('screen', 'camera')).toEqual(['screen', 'camera']);
  });

  it('shows the one there is, the newest of its kind', () => {
    expect(shown()).toEqual([undefined, undefined]);
    expect(shown('camera')).toEqual(['camera', undefined]);
    expect(shown('screen')).toEqual(['screen', undefined]);
    expect(shown('camera 1', 'camera 2')).toEqual(['camera 2', undefined]);
    expect(shown('screen 1', 'camera', 'screen 2')).toEqual(['screen 2', 'camera']);
  });
});

describe('the path on the card', () => {
  const page = (url: string, title: string, more: object = {}) => ({ url, title, ...more });
  const site = [page('/shop/', 'Larch & Lane: gear for going far', { dwell_ms: 1000 }),
    page('/shop/product/ridge-2', 'Ridge 2 tent · Larch & Lane', { dwell_ms: 2000 }),
    page('/shop/product/ridge-2', 'Ridge 2 tent · Larch & Lane', { dwell_ms: 500 }),
    page('/shop/checkout', 'Checkout · Larch & Lane')];

  it('says what is different, not the site\'s name', () => {
    expect(pageNames(site)).toEqual(['gear for going far', 'Ridge 2 tent', 'Ridge 2 tent', 'Checkout']);
  });

  it('falls back to section and address when all titles are the same', () => {
    expect(pageNames([page('/a', 'Shop', { section: 'gear_list' }), page('/b', 'Shop')]))
      .toEqual(['Gear list', '/b']);
    expect(pageNames([page('/a', 'Shop')])).toEqual(['Shop']);
    expect(pageNames([{}])).toEqual(['A page']);
  });

  it('makes one stop of a page that was loaded again', () => {
    expect(path(site).map(p => [p.name, p.dwell_ms])).toEqual(
      [['gear for going far', 1000], ['Ridge 2 tent', 2500], ['Checkout', 0]]);
  });

  it('keeps a percentage in one piece', () => expect(percent(1)).toBe('100\u00a0%'));
});
