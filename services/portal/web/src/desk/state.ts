/**
 * What the desk shows, and how the server's words change it.  Pure.  The desk keeps nothing that the
 * snapshot does not bring back, save drafts and which contact is looked at.
 */
import {
  isOver, type AgentState, type Board, type ContactCard, type ContactState, type Offer,
  type ServerFrame, type Snapshot, type Welcome,
} from '../lib/api';
import { addMessage, fromSnapshot, type Line } from '../lib/chat';
import type { SocketState } from '../lib/socket';

export interface Conversation {
  state: ContactState;
  lines: Line[];
  typing: boolean;
  unread: number;
  cobrowse: 'off' | 'asked' | 'on';
  ticket: string; // of the page's room; used once
}

/** What the agent wrote in a wrap-up that is not completed yet. */
export interface Draft { disposition: string; note: string }

export interface DeskState {
  socket: SocketState;
  elsewhere: boolean; // another tab took over
  welcome: Welcome;
  me: AgentState;
  offers: Offer[];
  epoch: number; // the highest heard; a lower one is an owner of the past
  cards: Record<string, ContactCard>;
  talks: Record<string, Conversation>;
  selected: string;
  board: Board | null;
  notice: string;
}

export const initial = (): DeskState => ({
  socket: 'off', elsewhere: false, welcome: {}, me: { presence: 'AGENT_PRESENCE_OFFLINE' },
  offers: [], epoch: 0, cards: {}, talks: {}, selected: '', board: null, notice: '',
});

const newTalk = (state: ContactState): Conversation =>
  ({ state, lines: [], typing: false, unread: 0, cobrowse: 'off', ticket: '' });

export function onSnapshot(s: DeskState, snap: Snapshot): DeskState {
  const talks: Record<string, Conversation> = {};
  for (const state of snap.contacts ?? []) {
    const id = state.contact_id ?? '';
    if (!id || state.phase === 'CONTACT_PHASE_ENDED' || !isMine(state))
      continue;
    const old = s.talks[id] ?? newTalk(state);
    const messages = snap.messages?.filter(m => m.contact_id === id) ?? [];
    talks[id] = { ...old, state, lines: fromSnapshot(messages, old.lines) };
  }
  const cards: Record<string, ContactCard> = {};
  for (const c of snap.cards ?? [])
    cards[c.contact_id ?? ''] = c;
  const offers = snap.offers ?? [];
  return settle({ ...s, talks, cards, offers, me: snap.agent_state ?? s.me,
    epoch: Math.max(s.epoch, ...offers.map(o => o.epoch ?? 0)) });
}

/** A contact that only rings is an offer, not yet a conversation. */
const isMine = (c: ContactState): boolean =>
  c.phase === 'CONTACT_PHASE_CONNECTED' || c.phase === 'CONTACT_PHASE_HELD'
  || c.phase === 'CONTACT_PHASE_WRAP_UP';

export function onFrame(s: DeskState, f: ServerFrame): DeskState {
  switch (f.kind) {
  case 'agent_state':
    return f.body.agent_id && s.me.agent_id && f.body.agent_id !== s.me.agent_id ? s
      : { ...s, me: { ...s.me, ...f.body } };
  case 'offer':
    return onOffer(s, f.body);
  case 'offer_rescinded':
    return { ...withoutOffer(s, f.body.offer_id), notice: rescinded(f.body.reason) };
  case 'contact_card':
    return { ...s, cards: { ...s.cards, [f.body.contact_id ?? '']: f.body } };
  case 'contact_state':
    return onContact(s, f.body);
  case 'message':
    return onTalk(s, f.body.contact_id, t => {
      const lines = addMessage(t.lines, f.body);
      const fresh = lines.length > t.lines.length && f.body.from_role === 'ROLE_CUSTOMER';
      return { ...t, lines, typing: fresh ? false : t.typing,
        unread: fresh && s.selected !== f.body.contact_id ? t.unread + 1 : t.unread };
    });
  case 'typing':
    return onTalk(s, f.body.contact_id, t => ({ ...t, typing: f.body.on === true }));
  case 'cobrowse_grant':
    return onTalk(s, f.body.contact_id, t => ({
      ...t, cobrowse: 'on', ticket: t.ticket || f.body.ticket || '' }));
  case 'cobrowse_stopped':
    return { ...onTalk(s, f.body.contact_id, t => ({ ...t, cobrowse: 'off', ticket: '' })),
      notice: isOver(s.talks[f.body.contact_id ?? '']?.state.phase) ? s.notice
        : 'The page is no longer shown.' };
  case 'board':
    return { ...s, board: f.body };
  default:
    return s;
  }
}

function onOffer(s: DeskState, o: Offer): DeskState {
  const epoch = o.epoch ?? 0;
  if (epoch < s.epoch)
    return s;
  const others = s.offers.filter(x => x.offer_id !== o.offer_id && x.contact_id !== o.contact_id);
  return { ...s, epoch, offers: [...others, o], notice: '' };
}

export function withoutOffer(s: DeskState, offer_id?: string): DeskState {
  return { ...s, offers: s.offers.filter(o => o.offer_id !== offer_id) };
}

function onContact(s: DeskState, c: ContactState): DeskState {
  const id = c.contact_id ?? '';
  if (!isMine(c)) {
    const talks = { ...s.talks };
    const had = id in talks;
    delete talks[id];
    const notice = had && !isOver(c.phase) ? 'The customer went back to the line.' : s.notice;
    return settle({ ...s, talks, notice, offers: s.offers.filter(o =>
      o.contact_id !== id || !isOver(c.phase)) });
  }
  const old = s.talks[id];
  const talk = old ? { ...old, state: c } : newTalk(c);
  if (isOver(c.phase))
    Object.assign(talk, { cobrowse: 'off', ticket: '', typing: false });
  return settle({ ...s, talks: { ...s.talks, [id]: talk },
    offers: s.offers.filter(o => o.contact_id !== id), selected: old ? s.selected : id });
}

export function onTalk(
  s: DeskState, id: string | undefined, fn: (t: Conversation) => Conversation,
): DeskState {
  const talk = id ? s.talks[id] : undefined;
  return talk && id ? { ...s, talks: { ...s.talks, [id]: fn(talk) } } : s;
}

export function select(s: DeskState, id: string): DeskState {
  return { ...onTalk(s, id, t => ({ ...t, unread: 0 })), selected: id };
}

/** Look at something that is there. */
function settle(s: DeskState): DeskState {
  return s.talks[s.selected] ? s : { ...s, selected: Object.keys(s.talks)[0] ?? '' };
}

const RESCINDED: Record<string, string> = {
  timed_out: 'You did not answer in time. You are not ready now.',
  customer_left: 'The customer left before you answered.',
  taken: 'Somebody else took the contact.',
  agent_not_ready: 'The offer was taken back.',
};

const rescinded = (reason?: string): string => RESCINDED[reason ?? ''] ?? 'The offer was taken back.';
