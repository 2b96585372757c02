/**
 * One contact of the customer from Help to survey: speaks to the gateway, owns the media (media.ts) and
 * the shared page (share.ts).  What it all means for the panel is in state.ts.
 */
import { hasAudio, type Channel, type ServerFrame, type Snapshot } from '../../lib/api';
import { fromSnapshot, markFailed } from '../../lib/chat';
import { connectGateway, type GatewaySocket } from '../../lib/gateway';
import { ulid } from '../../lib/ids';
import type { Session } from '../../lib/session';
import { RequestError } from '../../lib/socket';
import { Store } from '../../lib/store';
import type { CallHandle, WidgetHost } from '../host';
import { CallMedia, microphoneAllowed } from './media';
import { PageShare } from './share';
import { initial, isRunning, onContact, onFrame, requestProblem, type CallState, type Problem }
  from './state';

const GRANT_MS = 600; // how long a grant that comes by itself is waited for
const LINGER_MS = 60_000; // the session stays for the survey, then goes

export class Call implements CallHandle {
  readonly state = new Store<CallState>(initial());
  readonly media: CallMedia;
  private readonly socket: GatewaySocket;
  private readonly session: Session;
  private readonly share: PageShare;
  private invitation = '';
  private linger: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly host: WidgetHost) {
    const { socket, session } = connectGateway({
      origin: host.origin, bearer: () => host.tracker.token(), storage: host.memory.tab,
      key: 'tl.resume',
    });
    this.socket = socket;
    this.session = session;
    this.media = new CallMedia(socket, this.state, why => this.noMicrophone(why));
    this.share = new PageShare(host, socket, {
      onStart: () => this.state.patch({ cobrowse: 'on' }),
      onEnd: why => this.shareEnded(why),
    });
    socket.on('state', st => this.state.patch({ away: isRunning(this.now)
      && (st === 'away' || (st === 'connecting' && this.now.away)) }));
    socket.on('snapshot', s => this.onSnapshot(s));
    socket.on('frame', f => this.onFrame(f));
    socket.on('refused', () => this.fail(requestProblem(401).text));
    socket.on('superseded', () => this.elsewhere());
    addEventListener('pagehide', () => this.share.pause());
  }

  private get now(): CallState {
    return this.state.get();
  }

  /* ---- what the customer does ---- */

  open(o: { channel?: Channel; invitation_id?: string } = {}): void {
    this.invitation = o.invitation_id ?? '';
    if (!isRunning(this.now) && this.now.step !== 'survey')
      this.state.set({ ...initial(), channel: o.channel ?? 'CHANNEL_VIDEO' });
    this.state.patch({ open: true, unread: 0 });
    this.host.setOpen(true);
    this.host.emit('open');
    this.socket.start(); /* while the customer reads: the connection is up when Start is pressed */
  }

  minimise(): void {
    this.state.patch({ open: false });
    if (isRunning(this.now))
      return;
    this.host.setOpen(false);
    this.host.emit('close');
    this.reset();
  }

  /**
   * Consent is given: the microphone first, because a refusal must not leave anybody in a queue.  Where
   * it was allowed before, both at once.
   */
  async begin(channel: Channel, cobrowse: boolean): Promise<void> {
    this.state.set({ ...initial(), open: true, step: 'starting', channel, cobrowseWanted: cobrowse });
    this.socket.start();
    const mic = hasAudio(channel) ? this.media.openMicrophone() : Promise.resolve(true);
    if (!(await microphoneAllowed()) && !(await mic))
      return;
    try {
      const f = await this.socket.request('request_contact', {
        request_id: ulid(), channel, section: this.host.tracker.section,
        visit_id: this.host.memory.visit ?? '',
        page_url: this.host.tracker.address(), consent: true,
        cobrowse_consent: cobrowse, invitation_id: this.invitation,
      }, { timeout_ms: 10_000 });
      if (f.kind !== 'contact_accepted')
        throw new RequestError(500, 'unexpected answer');
      const contact_id = f.body.contact_id ?? '';
      if (this.now.step !== 'starting') /* allowed, and still not there: that is said already */
        return void this.socket.request('end_contact', { contact_id }).catch(() => undefined);
      this.accepted(contact_id, f.body.media_instance ?? '');
      if (await mic)
        this.media.startLeg();
    } catch (e) {
      this.notStarted(e instanceof RequestError ? e.code : 500);
    }
  }

  private notStarted(code: number): void {
    this.media.drop();
    if (code === 0 || code === 408)
      this.forgetSession(); /* it may have been heard: nobody is to wait in line for us */
    if (this.now.step === 'starting') /* a missing microphone is said already */
      this.state.patch({ step: 'problem', problem: requestProblem(code) });
  }

  retry(): void {
    this.state.set({ ...initial(), open: true, channel: this.now.channel });
    this.socket.start();
  }

  async end(): Promise<void> {
    const { contact_id } = this.now;
    if (!contact_id)
      return this.minimise();
    this.media.drop();
    this.share.stop();
    try {
      await this.socket.request('end_contact', { contact_id });
    } catch {
      /* the session's grace ends it there */
    }
    if (isRunning(this.now))
      this.finish(onContact(this.now, { contact_id, phase: 'CONTACT_PHASE_ENDED',
        outcome: this.now.step === 'waiting' ? 'CONTACT_OUTCOME_ABANDONED'
          : 'CONTACT_OUTCOME_COMPLETED' }));
  }

  send(text: string): void {
    const { contact_id } = this.now;
    const client_ref = ulid();
    this.state.update(s => ({ ...s, lines: [...s.lines, {
      contact_id, text, client_ref, from_role: 'ROLE_CUSTOMER', pending: true }] }));
    this.socket.request('send_message', { contact_id, text, client_ref }, { timeout_ms: 20_000 })
      .catch(() => this.state.update(s => ({ ...s, lines: markFailed(s.lines, client_ref) })));
  }

  typing(on: boolean): void {
    this.socket.tell('typing', { contact_id: this.now.contact_id, on });
  }

  /** The customer allows the view of the page, or takes it back; taking back needs no server. */
  consent(granted: boolean): void {
    const { contact_id } = this.now;
    if (!granted)
      this.share.stop();
    this.state.patch({ cobrowse: granted ? 'starting' : 'off', cobrowseWanted: granted });
    this.remember();
    this.socket.request('cobrowse_consent', { contact_id, granted })
      .catch(() => granted && this.state.patch({ cobrowse: 'off', cobrowseWanted: false }));
  }

  rate(score: number): void {
    this.socket.request('answer_survey', { contact_id: this.now.contact_id, score })
      .catch(() => undefined); /* the customer is done; asking again would be worse */
    this.state.patch({ step: 'done', farewell: score ? 'Thank you. That helps us.' : 'Thank you.' });
    if (!score)
      this.minimise();
  }

  /* ---- a reload or a navigation ---- */

  resume(): void {
    const c = this.host.memory.contact;
    if (!c)
      return;
    this.state.set({ ...initial(), open: true, step: 'starting', channel: c.channel,
      contact_id: c.contact_id, instance: c.instance, cobrowseWanted: c.cobrowse });
    this.host.setOpen(true);
    this.socket.start();
    if (hasAudio(c.channel))
      void this.media.openMicrophone().then(ok => ok && this.media.startLeg());
  }

  /* ---- what the server says ---- */

  private onSnapshot(s: Snapshot): void {
    this.state.patch({ away: false });
    const { contact_id } = this.now;
    if (!contact_id)
      return;
    const contact = s.contacts?.find(c => c.contact_id === contact_id);
    const messages = s.messages?.filter(m => m.contact_id === contact_id) ?? [];
    this.state.update(st => ({ ...st, lines: fromSnapshot(messages, st.lines) }));
    if (contact)
      this.apply(onContact(this.now, contact));
    else if (isRunning(this.now))
      this.finish({ ...this.now, open: true, step: 'done',
        farewell: 'Your call has ended while you were away.' });
  }

  private onFrame(f: ServerFrame): void {
    if (this.media.onFrame(f))
      return;
    if (f.kind === 'cobrowse_grant') {
      if (f.body.contact_id === this.now.contact_id && this.now.cobrowseWanted) {
        if (this.now.cobrowse === 'off')
          this.state.patch({ cobrowse: 'starting' });
        this.share.begin(f.body.ticket ?? '');
      }
    } else {
      if (f.kind === 'cobrowse_asked' && this.now.cobrowseWanted
        && f.body.contact_id === this.now.contact_id)
        this.consent(true); /* the agent's tab came back: the consent is still in force */
      if (f.kind === 'cobrowse_stopped' && f.body.contact_id === this.now.contact_id)
        this.share.stop();
      this.apply(onFrame(this.now, f));
    }
  }

  /** Take the next state and do what its changes ask for. */
  private apply(next: CallState): void {
    const before = this.now;
    if (isRunning(before) && !isRunning(next))
      return this.finish(next);
    this.state.set(next);
    if (next.step === 'connected' && before.step !== 'connected') {
      this.host.emit('connected', { agent: next.agent });
      if (next.cobrowseWanted && next.cobrowse === 'off')
        setTimeout(() => this.shareUnlessGranted(), before.step === 'waiting' ? GRANT_MS : 0);
    }
    if (next.step === 'waiting' && before.step === 'connected') {
      this.share.stop();
      this.media.closeViews();
    }
    if (next.instance !== before.instance)
      this.remember();
  }

  /** Consent given with the request brings a grant by itself; after a reload it has to be said again. */
  private shareUnlessGranted(): void {
    const { step, cobrowse, cobrowseWanted } = this.now;
    if (step === 'connected' && cobrowseWanted && cobrowse === 'off')
      this.consent(true);
  }

  private accepted(contact_id: string, instance: string): void {
    this.state.patch({ contact_id, instance, step: 'waiting' });
    this.remember();
    this.host.emit('contact', { contact_id });
  }

  private finish(next: CallState): void {
    this.media.drop();
    this.share.stop();
    this.host.memory.contact = null;
    this.state.set(next);
    this.tellEnd();
    if (this.linger)
      clearTimeout(this.linger);
    this.linger = setTimeout(() => this.leave(), LINGER_MS);
  }

  private tellEnd(): void {
    const { contact_id } = this.now;
    if (contact_id)
      this.host.emit('ended', { contact_id });
  }

  /* ---- the rest ---- */

  private shareEnded(why: 'stopped' | 'lost'): void {
    if (why === 'lost' && this.now.cobrowseWanted && this.now.step === 'connected')
      this.consent(true);
    else
      this.state.patch({ cobrowse: 'off' });
  }

  private remember(): void {
    const s = this.now;
    this.host.memory.contact = s.contact_id && isRunning(s) ? { contact_id: s.contact_id,
      channel: s.channel, instance: s.instance, cobrowse: s.cobrowseWanted } : null;
  }

  private noMicrophone(problem: Problem): void {
    this.host.memory.contact = null;
    if (this.now.contact_id)
      void this.end();
    this.state.patch({ step: 'problem', problem });
    this.tellEnd();
  }

  private fail(text: string): void {
    this.media.drop();
    this.share.stop(); /* nobody sees the page without the bar that says so */
    this.host.memory.contact = null;
    this.state.patch({ step: 'problem', open: true,
      problem: { title: 'We cannot be reached', text, offerRetry: true } });
    this.tellEnd();
  }

  /** A copy of this tab took the session, and with it the call.  Only the notes of this tab go. */
  private elsewhere(): void {
    this.media.drop();
    this.share.stop();
    this.host.memory.contact = null;
    this.session.forget();
    this.state.set({ ...initial(), open: true, step: 'elsewhere' });
    this.host.setOpen(true);
  }

  private reset(): void {
    if (this.linger)
      clearTimeout(this.linger);
    this.state.set(initial());
    this.leave();
  }

  /** Who still looks at the question may answer it. */
  private leave(): void {
    this.linger = this.now.step === 'survey' ? setTimeout(() => this.leave(), LINGER_MS) : null;
    if (!isRunning(this.now) && !this.linger)
      this.forgetSession();
  }

  private forgetSession(): void {
    this.socket.stop();
    this.session.forget();
  }
}
