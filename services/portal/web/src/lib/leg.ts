/**
 * The life of one media leg as a pure machine: what happened in, what to do out.
 *
 *   idle -> offering -> connecting -> up
 *              ^            |          |
 *              '-- waiting <-----------'   (failed, refused, reoffer: a NEW peer connection)
 *   taken: another tab of ours brought a newer leg; only start() fetches it back, else two tabs
 *   would take it from each other for ever.
 *
 * A leg is never repaired in place: a media server keeps nothing of a leg that failed, so each try is
 * a new RTCPeerConnection with a new leg id.
 */
import { backoffMs } from './backoff';

export type LegState = 'idle' | 'offering' | 'connecting' | 'up' | 'waiting' | 'taken'
  | 'closed';

export type LegFact =
  | { type: 'start' }
  | { type: 'answered' } // the server's description is set
  | { type: 'refused' } // the offer got an error or no answer
  | { type: 'connected' }
  | { type: 'disconnected' } // may heal by itself within GRACE_MS
  | { type: 'failed' } // ICE or DTLS gave up
  | { type: 'reoffer' } // the media server is new
  | { type: 'taken' } // a newer leg has our place
  | { type: 'timer' } // the one timer that we asked for
  | { type: 'close' };

export type LegDecision =
  | { do: 'nothing' }
  | { do: 'offer' } // drop the old peer connection if any, make a new one
  | { do: 'wait'; ms: number } // set the timer
  | { do: 'drop' }; // close the peer connection

export interface LegMachine { state: LegState; attempt: number }

export const newLeg = (): LegMachine => ({ state: 'idle', attempt: 0 });

export const GRACE_MS = 1500; // a disconnected leg that comes back within this is left alone
export const CONNECT_MS = 6000; // ICE and DTLS together
const RETRY = { base_ms: 300, cap_ms: 5000 };

export function legStep(m: LegMachine, fact: LegFact, random: number): [LegMachine, LegDecision] {
  const again = (): [LegMachine, LegDecision] => {
    const ms = backoffMs(m.attempt, random, RETRY);
    const next = { state: 'waiting' as const, attempt: m.attempt + 1 };
    return ms === 0 ? [{ ...next, state: 'offering' }, { do: 'offer' }] : [next, { do: 'wait', ms }];
  };
  const stay: [LegMachine, LegDecision] = [m, { do: 'nothing' }];

  if (m.state === 'closed')
    return stay;
  switch (fact.type) {
  case 'close':
    return [{ state: 'closed', attempt: 0 }, { do: 'drop' }];
  case 'taken':
    return m.state === 'idle' ? stay : [{ state: 'taken', attempt: 0 }, { do: 'drop' }];
  case 'start':
    return m.state === 'idle' || m.state === 'taken' ? [{ state: 'offering', attempt: 0 }, { do: 'offer' }] : stay;
  case 'reoffer':
    return m.state === 'idle' || m.state === 'taken' ? stay
      : [{ state: 'offering', attempt: 1 }, { do: 'offer' }];
  case 'answered':
    return m.state === 'offering'
      ? [{ ...m, state: 'connecting' }, { do: 'wait', ms: CONNECT_MS }] : stay;
  case 'connected':
    return m.state === 'taken' ? stay : [{ state: 'up', attempt: 0 }, { do: 'nothing' }];
  case 'disconnected':
    return m.state === 'up' ? [{ ...m, state: 'connecting' }, { do: 'wait', ms: GRACE_MS }] : stay;
  case 'refused':
    return m.state === 'offering' ? again() : stay;
  case 'failed':
    return m.state === 'idle' || m.state === 'waiting' || m.state === 'taken' ? stay : again();
  case 'timer':
    if (m.state === 'waiting')
      return [{ ...m, state: 'offering' }, { do: 'offer' }];
    return m.state === 'connecting' ? again() : stay;
  }
}
