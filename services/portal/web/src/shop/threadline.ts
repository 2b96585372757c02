/** The shop's use of the widget: exactly what any site would write. */
import type { ThreadlineApi } from '../widget/main';

declare global {
  interface Window { Threadline?: ThreadlineApi }
}

/** Run with the widget when its script is here; a shop works without it. */
export function threadline(fn: (t: ThreadlineApi) => void): void {
  if (window.Threadline)
    fn(window.Threadline);
  else if (document.readyState !== 'complete')
    addEventListener('load', () => window.Threadline && fn(window.Threadline), { once: true });
}

export interface DemoCustomer { id: string; name: string; tier: string }

const KEY = 'larch.customer';

export function signedIn(): DemoCustomer | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') as DemoCustomer | null;
  } catch {
    return null;
  }
}

/** A real shop's server would sign the claim after its own sign-in; the demo's portal does it. */
export async function signInDemo(): Promise<DemoCustomer> {
  const answer = await fetch('/v1/demo/claim?customer=demo-gold', { cache: 'no-store' });
  if (!answer.ok)
    throw new Error('The demo sign-in is switched off on this server.');
  const got = (await answer.json()) as { claim: string; customer: DemoCustomer };
  localStorage.setItem(KEY, JSON.stringify(got.customer));
  threadline(t => void t.identify(got.claim));
  return got.customer;
}

export function signOut(): void {
  localStorage.removeItem(KEY);
  threadline(t => t.forget());
}
