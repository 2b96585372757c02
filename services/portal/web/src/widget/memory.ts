/**
 * What the widget remembers.  In localStorage (all tabs, weeks): the visitor token, the visit, the
 * invitations that were dismissed.  In sessionStorage (this tab, survives a reload): the running
 * contact and the session's resume token.  A browser that refuses storage gets a memory of the page.
 */
import type { KeyValue } from '../lib/session';
import type { Channel } from '../lib/api';

export interface RunningContact {
  contact_id: string;
  channel: Channel;
  instance: string;
  cobrowse: boolean; // the customer's consent, still in force
}

export function safeStorage(get: () => Storage): KeyValue {
  try {
    const s = get();
    s.setItem('tl.probe', '1');
    s.removeItem('tl.probe');
    return s;
  } catch {
    const m = new Map<string, string>();
    return {
      getItem: k => m.get(k) ?? null,
      setItem: (k, v) => void m.set(k, v),
      removeItem: k => void m.delete(k),
    };
  }
}

const MAX_DISMISSED = 50;

export class Memory {
  constructor(readonly long: KeyValue, readonly tab: KeyValue) {}

  get token(): string | null {
    return this.long.getItem('tl.visitor');
  }

  set token(v: string | null) {
    put(this.long, 'tl.visitor', v);
  }

  get visit(): string | null {
    return this.long.getItem('tl.visit');
  }

  set visit(v: string | null) {
    put(this.long, 'tl.visit', v);
  }

  get contact(): RunningContact | null {
    try {
      const c = JSON.parse(this.tab.getItem('tl.contact') ?? 'null') as RunningContact | null;
      return c && typeof c.contact_id === 'string' ? c : null;
    } catch {
      return null;
    }
  }

  set contact(v: RunningContact | null) {
    put(this.tab, 'tl.contact', v && JSON.stringify(v));
  }

  dismissed(key: string): boolean {
    return this.dismissals().includes(key);
  }

  dismiss(...keys: string[]): void {
    const all = [...new Set([...this.dismissals(), ...keys.filter(Boolean)])];
    this.long.setItem('tl.dismissed', JSON.stringify(all.slice(-MAX_DISMISSED)));
  }

  private dismissals(): string[] {
    try {
      const v: unknown = JSON.parse(this.long.getItem('tl.dismissed') ?? '[]');
      return Array.isArray(v) ? v.filter((k): k is string => typeof k === 'string') : [];
    } catch {
      return [];
    }
  }
}

function put(store: KeyValue, key: string, value: string | null): void {
  if (value === null)
    store.removeItem(key);
  else
    store.setItem(key, value);
}
