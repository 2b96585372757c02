/** What the launcher hands to the call, which is loaded only when somebody wants to talk. */
import type { Channel } from '../lib/api';
import type { Memory } from './memory';
import type { Tracker } from './tracker';

export interface WidgetHost {
  origin: string; // where the API lives
  root: ShadowRoot;
  memory: Memory;
  tracker: Tracker;
  /** The launcher hides its button while the call shows a panel of its own. */
  setOpen(open: boolean): void;
  emit(event: WidgetEvent, detail?: unknown): void;
}

export type WidgetEvent = 'open' | 'close' | 'contact' | 'connected' | 'ended';

/** The face of the lazily loaded module. */
export interface CallModule {
  startCall(host: WidgetHost): CallHandle;
}

export interface CallHandle {
  open(o?: { channel?: Channel; invitation_id?: string }): void;
  /** Take up the contact of this tab after a reload or a navigation. */
  resume(): void;
}
