/** The agent's desk: speaks to the gateway and carries out what the agent presses. */
import { isTalking, type ContactState, type Offer, type ServerFrame } from '../lib/api';
import { markFailed } from '../lib/chat';
import { connectGateway, type GatewaySocket } from '../lib/gateway';
import { ulid } from '../lib/ids';
import type { Session } from '../lib/session';
import { Store } from '../lib/store';
import type { SignedIn } from '../ui/account';
import { DeskMedia } from './media';
import { Ring } from './ring';
import { initial, onFrame, onSnapshot, onTalk, select, withoutOffer, type Conversation,
  type DeskState, type Draft } from './state';

const ASK_AGAIN_MS = 1500; // when the page's room was lost

export class Desk {
  readonly state = new Store<DeskState>(initial());
  readonly media: DeskMedia;
  readonly ring = new Ring();
  private readonly socket: GatewaySocket;
  private readonly session: Session;

  constructor(account: SignedIn, private readonly onSignedOut: (why: string) => void) {
    const { socket, session } = connectGateway({
      origin: '', bearer: () => Promise.resolve(account.token), storage: sessionStorage,
      key: 'tl.desk.resume',
    });
    this.socket = socket;
    this.session = session;
    this.media = new DeskMedia(socket);
    this.state.patch({ me: { agent_id: account.id, display_name: account.display_name } });
    socket.on('state', st => this.state.patch({ socket: st }));
    socket.on('welcome', w => {
      if (w.role === 'ROLE_SUPERVISOR')
        return this.toBoard();
      this.state.patch({ welcome: w });
      void this.media.begin(w.media_instance ?? '', w.resumed === true);
    });
    socket.on('snapshot', s => {
      this.apply(onSnapshot(this.now, s));
      this.askForPages();
      this.socket.request('subscribe_board', { on: true }).catch(() => undefined);
    });
    socket.on('frame', f => this.onFrame(f));
    socket.on('refused', e => this.leave(e.status === 401 ? 'Please sign in again.' : e.message));
    socket.on('superseded', () => {
      this.ring.stop();
      this.media.end();
      this.state.patch({ elsewhere: true });
    });
  }

  private get now(): DeskState {
    return this.state.get();
  }

  start(): void {
    this.socket.start();
  }

  signOut(): void {
    this.socket.request('set_agent_state', { ready: false, reason: '' }, { timeout_ms: 1500 })
      .catch(() => undefined)
      .finally(() => this.leave(''));
  }

  /* ---- presence ---- */

  setReady(ready: boolean, reason = ''): void {
    this.ring.arm();
    this.socket.request('set_agent_state', { ready, reason })
      .then(f => this.apply(onFrame(this.now, f)))
      .catch((e: Error) => this.state.patch({
        notice: `Your state could not be changed: ${e.message}.` }));
  }

  /* ---- offers ---- */

  accept(o: Offer): void {
    this.ring.stop();
    this.socket.request('accept_offer', { offer_id: o.offer_id ?? '', epoch: o.epoch ?? 0 })
      .then(() => this.apply(withoutOffer(this.now, o.offer_id)))
      .catch((e: { code?: number }) => this.apply({ ...withoutOffer(this.now, o.offer_id),
        notice: e.code === 409 ? 'Too late: the contact is no longer yours.'
          : 'Accepting did not work.' }));
  }

  decline(o: Offer): void {
    this.apply(withoutOffer(this.now, o.offer_id));
    this.ask('decline_offer', { offer_id: o.offer_id ?? '', epoch: o.epoch ?? 0,
      reason: 'declined' }, 'Declining did not work');
  }

  /* ---- the conversation ---- */

  select(id: string): void {
    this.apply(select(this.now, id));
  }

  end(contact_id: string): void {
    this.ask('end_contact', { contact_id }, 'The contact could not be ended');
  }

  hold(contact_id: string, on: boolean): void {
    this.ask('set_hold', { contact_id, on }, on ? 'Hold did not work' : 'Retrieving did not work');
  }

  send(contact_id: string, text: string): void {
    const client_ref = ulid();
    this.apply(onTalk(this.now, contact_id, t => ({ ...t, lines: [...t.lines, { contact_id, text,
      client_ref, from_role: 'ROLE_AGENT', pending: true }] })));
    this.socket.request('send_message', { contact_id, text, client_ref }, { timeout_ms: 20_000 })
      .catch(() => this.apply(onTalk(this.now, contact_id,
        t => ({ ...t, lines: markFailed(t.lines, client_ref) }))));
  }

  typing(contact_id: string, on: boolean): void {
    this.socket.tell('typing', { contact_id, on });
  }

  /** True when it is stored. */
  async completeWrapUp(id: string, disposition: string, note: string): Promise<boolean> {
    try {
      await this.socket.request('complete_wrap_up', { contact_id: id, disposition, note });
      const talks = { ...this.now.talks };
      delete talks[id];
      this.apply({ ...this.now, talks, selected: Object.keys(talks)[0] ?? '' });
      return true;
    } catch {
      this.state.patch({ notice: 'The result could not be stored. Please try again.' });
      return false;
    }
  }

  /** The wrap-up ended by its timer while the agent still wrote: what is there is kept. */
  async keepDraft(contact_id: string, d: Draft): Promise<void> {
    try {
      await this.socket.request('complete_wrap_up', { contact_id, ...d });
      this.state.patch({ notice: 'The time for the wrap-up was over. What you wrote is stored.' });
    } catch {
      this.state.patch({ notice: 'The time for the wrap-up was over, and your note could not be '
        + `stored: “${d.note}”` });
    }
  }

  /** Share a window with the customer of this contact; a closed dialog is no mistake. */
  shareScreen(contact: ContactState): void {
    const there = () => isTalking(this.now.talks[contact.contact_id ?? '']?.state.phase);
    this.media.shareScreen(contact, there).catch((e: Error) => this.state.patch({
      notice: `The screen could not be shared: ${e.message}.` }));
  }

  /* ---- the customer's page ---- */

  askForPage(contact_id: string): void {
    this.apply(onTalk(this.now, contact_id,
      t => ({ ...t, cobrowse: t.cobrowse === 'on' ? 'on' : 'asked', ticket: '' })));
    this.ask('cobrowse_ask', { contact_id }, 'The customer could not be asked');
  }

  /** The room closed without the customer's word: the consent may still hold, so ask again. */
  pageLost(contact_id: string): void {
    this.apply(onTalk(this.now, contact_id, t => ({ ...t, ticket: '' })));
    setTimeout(() => {
      const t = this.now.talks[contact_id];
      if (t && t.cobrowse === 'on' && !t.ticket)
        this.askForPage(contact_id);
    }, ASK_AGAIN_MS * Math.random());
  }

  private askForPages(): void {
    for (const [id, t] of Object.entries(this.now.talks))
      if (t.state.cobrowse_active && !t.ticket)
        this.askForPage(id);
  }

  dismissNotice(): void {
    this.state.patch({ notice: '' });
  }

  /* ---- inside ---- */

  private onFrame(f: ServerFrame): void {
    if (f.kind === 'media_reoffer')
      this.media.onReoffer(f.body);
    else if (f.kind === 'media_closed')
      this.media.onClosed(f.body);
    else
      this.apply(onFrame(this.now, f));
  }

  private apply(next: DeskState): void {
    this.state.set(next);
    if (next.offers.length)
      this.ring.start('☎ A contact is ringing');
    else
      this.ring.stop();
    void this.media.show(seenBy(next.talks));
  }

  private ask(...[kind, body, complaint]: Ask): void {
    this.socket.request(kind, body as never)
      .catch((e: Error) => this.state.patch({ notice: `${complaint}: ${e.message}.` }));
  }

  /** Supervisors take no contacts: what they want to see is the board, signed in as they are. */
  private toBoard(): void {
    this.socket.stop();
    this.session.forget();
    location.replace('/board/');
  }

  private leave(why: string): void {
    this.state.patch({ offers: [] });
    this.ring.stop();
    this.media.end();
    this.socket.stop(); /* what waits for an answer hears so, and must ring for nobody */
    this.session.forget();
    this.onSignedOut(why);
  }
}

type Request = Parameters<GatewaySocket['request']>;
type Ask = [kind: Request[0], body: Request[1], complaint: string];

/** Who should see the agent: the video contact that is connected and not on hold. */
export function seenBy(talks: Record<string, Conversation>): ContactState | null {
  const video = Object.values(talks).find(t => t.state.channel === 'CHANNEL_VIDEO'
    && t.state.phase === 'CONTACT_PHASE_CONNECTED');
  return video?.state ?? null;
}
