/**
 * What the customer sends and receives: the microphone, the audio leg, the agent's pictures.  Whatever the browser
 * gives after the call is over is given back at once.
 */
import type { MediaOffer, ServerFrame } from '../../lib/api';
import type { GatewaySocket } from '../../lib/gateway';
import { SendLeg, ViewLeg, stop } from '../../lib/media';
import { Store } from '../../lib/store';
import { isRunning, micProblem, type CallState, type Problem } from './state';

export class CallMedia {
  readonly remote = new Store<MediaStream | null>(null); // what the customer hears
  readonly views = new Store<ViewLeg[]>([]); // newest last
  private mic: MediaStream | null = null;
  private leg: SendLeg | null = null;
  private turn = 0; // of one call: a microphone that comes for an earlier one is not wanted any more

  constructor(private readonly socket: GatewaySocket, private readonly state: Store<CallState>,
    private readonly onNoMicrophone: (why: Problem) => void) {}

  private get now(): CallState {
    return this.state.get();
  }

  /** False: there is none, or the call for which it was asked is over. */
  async openMicrophone(): Promise<boolean> {
    const { turn } = this;
    try {
      const mic = this.mic ?? await navigator.mediaDevices.getUserMedia({ audio: true });
      if (turn !== this.turn) {
        stop(mic);
        return false;
      }
      this.mic = mic;
      for (const t of mic.getAudioTracks()) {
        t.enabled = !this.now.muted;
        t.onended = () => void this.microphoneLost();
      }
      return true;
    } catch (e) {
      if (turn === this.turn)
        this.onNoMicrophone(micProblem(e instanceof Error ? e.name : ''));
      return false;
    }
  }

  /** The headset was pulled out: take the microphone that is left. */
  private async microphoneLost(): Promise<void> {
    this.mic = null;
    if (isRunning(this.now) && (await this.openMicrophone()) && this.mic)
      await this.leg?.replace(this.mic);
  }

  mute(muted: boolean): void {
    for (const t of this.mic?.getAudioTracks() ?? [])
      t.enabled = !muted;
    this.state.patch({ muted });
  }

  /** The contact is known and so is the microphone. */
  startLeg(): void {
    if (!this.mic || this.leg || !isRunning(this.now))
      return;
    this.leg = new SendLeg({
      socket: this.socket, kind: 'LEG_KIND_AUDIO', contact_id: this.now.contact_id,
      instance: () => this.now.instance, stream: this.mic,
      onStream: s => this.remote.set(s),
      onState: st => this.state.patch({
        media: st === 'up' ? 'up' : st === 'closed' || st === 'taken' ? 'off' : 'connecting' }),
    });
    this.leg.start();
  }

  /** What the server says of legs; false: it was about something else. */
  onFrame(f: ServerFrame): boolean {
    if (f.kind === 'media_reoffer') {
      if (!f.body.instance || f.body.instance === this.now.instance)
        this.leg?.reoffer();
    } else if (f.kind === 'media_offer') {
      this.onView(f.body);
    } else if (f.kind === 'media_closed') {
      this.closeView(f.body.leg_id ?? '');
      this.leg?.serverClosed(f.body.leg_id ?? '', f.body.reason ?? '');
    } else {
      return false;
    }
    return true;
  }

  private onView(o: MediaOffer): void {
    if (o.contact_id !== this.now.contact_id || o.kind !== 'LEG_KIND_VIEW' || !isRunning(this.now))
      return;
    const same = this.views.get().find(v => v.leg_id === o.leg_id && v.alive);
    if (same)
      return void same.renew(o.sdp ?? '').catch(() => this.closeView(same.leg_id));
    const view = new ViewLeg(this.socket, o, () =>
      this.views.set(this.views.get().filter(v => v.alive)));
    this.views.set([...this.views.get().filter(v => v.alive && v.leg_id !== o.leg_id), view]);
    view.answer().catch(() => this.closeView(view.leg_id));
  }

  private closeView(leg_id: string): void {
    this.views.get().find(v => v.leg_id === leg_id)?.close();
    this.views.set(this.views.get().filter(v => v.leg_id !== leg_id));
  }

  closeViews(): void {
    for (const v of this.views.get())
      v.close();
    this.views.set([]);
  }

  /** The call is over: nothing is sent or received any more. */
  drop(): void {
    this.turn++;
    this.leg?.close(false); /* the end of the contact closes it there */
    this.leg = null;
    stop(this.mic);
    this.mic = null;
    this.remote.set(null);
    this.closeViews();
  }
}

/** Was the microphone allowed on this site before?  A browser that cannot say has not said yes. */
export async function microphoneAllowed(): Promise<boolean> {
  try {
    const p = await navigator.permissions.query({ name: 'microphone' as PermissionName });
    return p.state === 'granted';
  } catch {
    return false;
  }
}
