/** The basket of this browser, told to Threadline at each change. */
import type { Basket } from '../lib/api';
import { Store } from '../lib/store';
import { CURRENCY, product } from './products';
import { threadline } from './threadline';

export interface Entry { sku: string; quantity: number }

const KEY = 'larch.basket';
const MAX_QUANTITY = 20;

function read(): Entry[] {
  try {
    const v: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(v)
      ? v.filter((e: Entry) => product(e?.sku) && e.quantity > 0 && e.quantity <= MAX_QUANTITY) : [];
  } catch {
    return [];
  }
}

export const basket = new Store<Entry[]>(read());

basket.subscribe(entries => {
  localStorage.setItem(KEY, JSON.stringify(entries));
  threadline(t => t.basket(asBasket(entries)));
});

export function add(sku: string, quantity = 1): void {
  const old = basket.get().find(e => e.sku === sku);
  setQuantity(sku, (old?.quantity ?? 0) + quantity);
}

export function setQuantity(sku: string, quantity: number): void {
  const n = Math.min(MAX_QUANTITY, quantity);
  const old = basket.get();
  if (n <= 0)
    basket.set(old.filter(e => e.sku !== sku));
  else if (old.some(e => e.sku === sku))
    basket.set(old.map(e => (e.sku === sku ? { sku, quantity: n } : e)));
  else
    basket.set([...old, { sku, quantity: n }]);
}

export const count = (entries: Entry[]): number => entries.reduce((n, e) => n + e.quantity, 0);

export const total = (entries: Entry[]): number =>
  entries.reduce((sum, e) => sum + e.quantity * (product(e.sku)?.price ?? 0), 0);

export function asBasket(entries: Entry[]): Basket {
  return {
    items: entries.map(e => {
      const p = product(e.sku)!;
      return { sku: e.sku, name: p.name, quantity: e.quantity, unit_price_minor: p.price };
    }),
    total_minor: total(entries), currency: CURRENCY,
  };
}
