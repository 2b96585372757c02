/**
 * What the customer's panel shows, as one value, and how the server's words change it.  Pure: the
 * controller (call.ts) speaks to the world, this file only says what follows from what was heard.
 */
import type { Channel, ContactState, ServerFrame } from '../../lib/api';
import { addMessage, type Line } from '../../lib/chat';

export type Step = 'choose' | 'starting' | 'waiting' | 'connected' | 'survey' | 'done' | 'problem'
  | 'elsewhere'; // a copy of this tab has the call

/** Said in plain words, with what to do next. */
export interface Problem {
  title: string;
  text: string;
  offerChat?: boolean;
  offerRetry?: boolean;
}

export interface CallState {
  open: boolean; // the panel, not the call
  step: Step;
  channel: Channel;
  contact_id: string;
  instance: string;
  agent: string; // display name
  held: boolean;
  requeued: boolean; // was connected before and waits again
  ringing: boolean; // at an agent's desk, not answered yet
  position: number; // 0: not said yet
  expected_wait_s: number;
  muted: boolean;
  away: boolean; // the socket is down; it comes back by itself
  media: 'off' | 'connecting' | 'up';
  lines: Line[];
  unread: number;
  typing: boolean;
  cobrowse: 'off' | 'asked' | 'starting' | 'on';
  cobrowseWanted: boolean; // consent given and not taken back
  question: string; // of the survey
  problem: Problem | null;
  farewell: string;
}

export const initial = (): CallState => ({
  open: false, step: 'choose', channel: 'CHANNEL_VIDEO', contact_id: '', instance: '', agent: '',
  held: false, requeued: false, ringing: false, position: 0, expected_wait_s: -1, muted: false, away: false,
  media: 'off', lines: [], unread: 0, typing: false, cobrowse: 'off', cobrowseWanted: false,
  question: '', problem: null, farewell: '',
});

/** The state after a push of the server.  Pushes about other contacts change nothing. */
export function onFrame(s: CallState, f: ServerFrame): CallState {
  if (!s.contact_id || !('contact_id' in f.body) || f.body.contact_id !== s.contact_id)
    return s;
  switch (f.kind) {
  case 'contact_state':
    return onContact(s, f.body);
  case 'queue_progress':
    return { ...s, position: f.body.position ?? 0, expected_wait_s: f.body.expected_wait_s ?? 0 };
  case 'message': {
    const lines = addMessage(s.lines, f.body);
    const theirs = f.body.from_role !== 'ROLE_CUSTOMER' && lines.length > s.lines.length;
    return { ...s, lines, typing: theirs ? false : s.typing,
      unread: theirs && !s.open ? s.unread + 1 : s.unread };
  }
  case 'typing':
    return { ...s, typing: f.body.on === true };
  case 'survey':
    return s.step === 'problem' ? s : { ...s, question: f.body.question || 'How was it?', open: true, step: 'survey' };
  case 'cobrowse_asked':
    return s.cobrowseWanted ? s : { ...s, cobrowse: 'asked', open: true };
  case 'cobrowse_stopped':
    return { ...s, cobrowse: 'off', cobrowseWanted: false };
  default:
    return s;
  }
}

/** The contact as the server sees it, from a push or from the snapshot. */
export function onContact(s: CallState, c: ContactState): CallState {
  const known = { ...s, channel: c.channel ?? s.channel, instance: c.media_instance || s.instance };
  if ((s.step === 'problem' || s.step === 'survey' || s.step === 'done') && !isOver(c))
    return known; /* over here, and what was on its way does not bring it back */
  switch (c.phase) {
  case 'CONTACT_PHASE_WAITING':
  case 'CONTACT_PHASE_RINGING':
    return { ...known, step: 'waiting', held: false, requeued: s.requeued || s.step === 'connected',
      ringing: c.phase === 'CONTACT_PHASE_RINGING' };
  case 'CONTACT_PHASE_CONNECTED':
  case 'CONTACT_PHASE_HELD':
    return { ...known, step: 'connected', held: c.phase === 'CONTACT_PHASE_HELD',
      agent: c.agent?.display_name || s.agent || 'Agent' };
  case 'CONTACT_PHASE_WRAP_UP':
  case 'CONTACT_PHASE_ENDED':
    return over(known, c);
  default:
    return known;
  }
}

const isOver = (c: ContactState): boolean =>
  c.phase === 'CONTACT_PHASE_WRAP_UP' || c.phase === 'CONTACT_PHASE_ENDED';

function over(s: CallState, c: ContactState): CallState {
  const end: CallState = { ...s, open: true, held: false, typing: false, cobrowse: 'off',
    cobrowseWanted: false, media: 'off' };
  if (s.step === 'problem')
    return end; /* the reason is already said */
  switch (c.outcome) {
  case 'CONTACT_OUTCOME_CLOSED':
    return { ...end, step: 'problem', problem: {
      title: 'Nobody is free right now',
      text: c.farewell || 'Our people are not at their desks, or all of them are busy for longer '
        + 'than we would let you wait. Please try again later.', offerRetry: true } };
  case 'CONTACT_OUTCOME_FAILED':
    return { ...end, step: 'problem', problem: {
      title: 'That was our fault', text: 'Something broke on our side and your call ended. '
        + 'Please try again; nothing you did caused it.', offerRetry: true } };
  case 'CONTACT_OUTCOME_ABANDONED':
    return { ...end, step: 'done', farewell: 'You left the queue. We are here when you need us.' };
  default:
    return s.step === 'survey' ? end
      : { ...end, step: 'done', farewell: 'Thank you for talking to us.' };
  }
}

/** What somebody who does not look at the panel should hear of it. */
export function announcement(s: CallState): string {
  if (s.step !== 'connected')
    return '';
  if (s.unread > 0)
    return s.unread === 1 ? `${s.agent} wrote a message` : `${s.agent} wrote ${s.unread} messages`;
  return s.held ? '' : `${s.agent} is here`; /* the panel itself tells of the hold */
}

/** True while there is something that a closed tab would lose. */
export const isRunning = (s: CallState): boolean =>
  s.step === 'starting' || s.step === 'waiting' || s.step === 'connected';

/** Why the microphone is not there, in words that help. */
export function micProblem(name: string): Problem {
  if (name === 'NotAllowedError' || name === 'SecurityError')
    return { title: 'We may not use your microphone',
      text: 'Your browser said no. Allow the microphone for this page (the icon beside the '
        + 'address), then try again, or write to us instead.', offerChat: true, offerRetry: true };
  if (name === 'NotFoundError' || name === 'OverconstrainedError')
    return { title: 'No microphone found',
      text: 'Plug one in and try again, or write to us instead.',
      offerChat: true, offerRetry: true };
  if (name === 'NotReadableError')
    return { title: 'Your microphone is busy',
      text: 'Another program is using it. Close that program and try again, or write to us '
        + 'instead.', offerChat: true, offerRetry: true };
  return { title: 'Your microphone did not start',
    text: 'Try again, or write to us instead.', offerChat: true, offerRetry: true };
}

/** Why the server would not start a contact. */
export function requestProblem(code: number): Problem {
  if (code === 429 || code === 503)
    return { title: 'We are very busy', text: 'Please try again in a minute.', offerRetry: true };
  if (code === 0 || code === 408)
    return { title: 'We cannot be reached', text: 'Check your connection and try again.',
      offerRetry: true };
  return { title: 'That did not work', text: 'We could not start the call. Please try again.',
    offerRetry: true };
}
