/**
 * The frames of /v1/cobrowse, JSON text.  x and y are CSS pixels of the customer's document (not of
 * the window), so that a drawing stays where it was put when the customer scrolls.
 */

export type Point = [x: number, y: number];

/** An rrweb event; only `type`, `timestamp` and what masking looks at matter to us. */
export interface PageEvent { type: number; timestamp: number; data: unknown }

/** rrweb's event types as they travel. */
export const EVENT_FULL = 2;
export const EVENT_INCREMENTAL = 3;
export const EVENT_META = 4;

export type CustomerFrame = { t: 'full' | 'ev'; seq: number; d: PageEvent };

export type AgentFrame =
  | { t: 'pointer'; x: number; y: number; node?: number }
  | { t: 'draw'; id: string; points: Point[]; color: string; w: number }
  | { t: 'clear' }
  | { t: 'highlight'; node: number };

export type RelayFrame =
  | { t: 'need_full' }
  | { t: 'peer'; role: string; on: boolean }
  | { t: 'stop'; reason: string };

export type RoomFrame = CustomerFrame | AgentFrame | RelayFrame;

const isNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);

const isPoint = (v: unknown): v is Point =>
  Array.isArray(v) && v.length === 2 && isNumber(v[0]) && isNumber(v[1]);

/** Read one frame; null if it is not one that we know or a field is of the wrong kind. */
export function parseRoomFrame(text: string): RoomFrame | null {
  let f: Record<string, unknown>;
  try {
    f = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (typeof f !== 'object' || f === null)
    return null;
  const ok = (() => {
    switch (f['t']) {
    case 'full':
    case 'ev':
      return isNumber(f['seq']) && typeof f['d'] === 'object' && f['d'] !== null;
    case 'pointer':
      return isNumber(f['x']) && isNumber(f['y']);
    case 'draw':
      return typeof f['id'] === 'string' && Array.isArray(f['points']) && f['points'].every(isPoint)
        && typeof f['color'] === 'string' && isNumber(f['w']);
    case 'highlight':
      return isNumber(f['node']);
    case 'peer':
      return typeof f['role'] === 'string' && typeof f['on'] === 'boolean';
    case 'clear':
    case 'need_full':
    case 'stop':
      return true;
    default:
      return false;
    }
  })();
  return ok ? (f as unknown as RoomFrame) : null;
}
