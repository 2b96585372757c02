/** A transcript: ours are shown at once and recognised again by client_ref when they come back. */
import type { ChatMessage } from './api';

export interface Line extends ChatMessage { pending?: boolean; failed?: boolean }

/** Add a pushed or snapshot message; a repeat changes nothing, an echo replaces its draft. */
export function addMessage(lines: Line[], m: ChatMessage): Line[] {
  const same = lines.findIndex(l =>
    (!!m.message_id && l.message_id === m.message_id)
    || (!!m.client_ref && l.client_ref === m.client_ref));
  const all = same >= 0 ? lines.map((l, i) => (i === same ? { ...m } : l)) : [...lines, { ...m }];
  return all.sort((a, b) => order(a) - order(b));
}

/** What the server does not have yet stands below what it has. */
const order = (l: Line): number => l.pending || l.failed ? Number.MAX_SAFE_INTEGER : l.sent_at_us ?? 0;

export function markFailed(lines: Line[], client_ref: string): Line[] {
  return lines.map(l => (l.client_ref === client_ref ? { ...l, pending: false, failed: true } : l));
}

/** What the server knows, then what has not got through. */
export function fromSnapshot(known: ChatMessage[], before: Line[]): Line[] {
  const lines = known.reduce(addMessage, [] as Line[]);
  const refs = new Set(known.map(m => m.client_ref).filter(Boolean));
  return [...lines, ...before.filter(l => (l.pending || l.failed) && !refs.has(l.client_ref))];
}
