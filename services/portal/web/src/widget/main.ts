/**
 * The one script of a site:
 *   <script src="https://help.example/widget.js" data-section="checkout" defer></script>
 * It leaves exactly one name in the page, `Threadline`, and one element, whose shadow root holds all
 * of its interface.  The call itself (and rrweb) is fetched when it is needed.
 */
import { Launcher } from './launcher';
import { Memory, safeStorage } from './memory';
import { Tracker } from './tracker';
import type { CallHandle, CallModule, WidgetEvent, WidgetHost } from './host';
import type { Basket, Channel } from '../lib/api';

declare const __CALL_MODULE__: string; // path of the call's module, filled in by the build

const me = document.currentScript as HTMLScriptElement | null;
const base = me?.src ? new URL(me.src).origin : location.origin;
const origin = base === location.origin ? '' : base;

const memory = new Memory(safeStorage(() => localStorage), safeStorage(() => sessionStorage));
const tracker = new Tracker(origin, memory, (me?.dataset['query'] ?? '').split(/[\s,]+/).filter(Boolean));
const listeners = new Map<WidgetEvent, Set<(detail: unknown) => void>>();

function emit(event: WidgetEvent, detail?: unknown): void {
  for (const fn of listeners.get(event) ?? [])
    fn(detail);
}

const launcher = new Launcher({
  onHelp: () => open(),
  onInvitation: (what, id) =>
    tracker.report({ type: `invitation_${what}`, invitation_id: id }),
  onAccept: (id, channel) => open(channel, id),
  memory,
});

const host: WidgetHost = {
  origin, root: launcher.root, memory, tracker, emit,
  setOpen: open => launcher.setBusy(open),
};

let call: Promise<CallHandle> | null = null;

function loadCall(): Promise<CallHandle> {
  call ??= import(/* @vite-ignore */ base + __CALL_MODULE__)
    .then((m: CallModule) => m.startCall(host))
    .catch((e: unknown) => {
      call = null; /* the next press tries again */
      throw e;
    });
  return call;
}

function open(channel?: Channel, invitation_id?: string): void {
  launcher.setLoading(true);
  loadCall()
    .then(c => c.open({ channel, invitation_id }))
    .catch(() => launcher.say('Help could not be loaded. Check your connection and try again.'))
    .finally(() => launcher.setLoading(false));
}

function section(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="threadline:section"]');
  return me?.dataset['section'] ?? meta?.content ?? '';
}

/** What a site may call. */
const api = {
  /** The site's server vouches for the customer with a signed claim. */
  identify: (claim: string): Promise<void> => tracker.identify(claim),
  /** The customer signed out. */
  forget: (): void => tracker.forget(),
  /** A page of a single-page site is shown. */
  page: (o: { section?: string; title?: string } = {}): void => tracker.page(o.section, o.title),
  /** The basket changed; amounts are in the currency's minor unit. */
  basket: (b: Basket): void => tracker.basket(b),
  /** Open the help panel as if the button had been pressed. */
  open: (channel?: 'video' | 'voice' | 'chat'): void =>
    open(channel && (`CHANNEL_${channel.toUpperCase()}` as Channel)),
  on: (event: WidgetEvent, fn: (detail: unknown) => void): (() => void) => {
    const set = listeners.get(event) ?? new Set();
    listeners.set(event, set);
    set.add(fn);
    return () => void set.delete(fn);
  },
};

export type ThreadlineApi = typeof api;

if (!('Threadline' in window)) {
  Object.defineProperty(window, 'Threadline', { value: Object.freeze(api), enumerable: true });
  const begin = () => {
    launcher.mount();
    tracker.onInvitation = i => launcher.invite(i);
    tracker.start();
    tracker.page(section());
    if (memory.contact)
      loadCall().then(c => c.resume(), () => launcher.say('Your call could not be taken up again.'));
  };
  if (document.readyState === 'loading')
    document.addEventListener('DOMContentLoaded', begin, { once: true });
  else
    begin();
}
