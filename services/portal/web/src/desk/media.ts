/**
 * The agent's media: one standing audio leg from sign-in to sign-out (accepting a contact connects it
 * inside the media server, nothing is negotiated), camera and screen per contact.
 */
import type { ContactState, MediaClose, MediaReoffer } from '../lib/api';
import type { GatewaySocket } from '../lib/gateway';
import type { LegState } from '../lib/leg';
import { SendLeg, stop } from '../lib/media';
import { Store } from '../lib/store';
import { DeviceChoice } from './devices';

export interface MediaState {
  audio: LegState;
  muted: boolean;
  cameraOn: boolean; // the agent wants to be seen
  camera: MediaStream | null; // self-view, while a video contact is connected
  screen: MediaStream | null;
  remote: MediaStream | null;
}

export class DeskMedia {
  readonly devices = new DeviceChoice();
  readonly state = new Store<MediaState>({ audio: 'idle', muted: false, cameraOn: true,
    camera: null, screen: null, remote: null });
  private instance = '';
  private mic: MediaStream | null = null;
  private audio: SendLeg | null = null;
  private cameraLeg: SendLeg | null = null;
  private screenLeg: SendLeg | null = null;
  private shown: ContactState | null = null; // the video contact that should see us
  private opening = false;
  private openingCamera = false;
  private withoutCamera = ''; // this contact: there is none, and each push would ask the agent again
  private ended = false; // signed out: what the browser gives now is given back

  constructor(private readonly socket: GatewaySocket) {}

  /** Welcome: where the standing leg lives.  A session that was not resumed needs a new one. */
  async begin(instance: string, resumed: boolean): Promise<void> {
    const moved = instance !== this.instance;
    this.instance = instance;
    if (this.audio) {
      if (!resumed || moved)
        this.reoffer();
      return;
    }
    if (!instance || this.opening)
      return;
    this.opening = true;
    this.mic ??= await this.openMicrophone();
    this.opening = false;
    if (!this.mic || this.audio)
      return;
    this.applyMute();
    this.audio = new SendLeg({
      socket: this.socket, kind: 'LEG_KIND_AUDIO', contact_id: '', instance: () => this.instance,
      stream: this.mic, onStream: remote => this.state.patch({ remote }),
      onState: audio => this.onAudio(audio),
    });
    this.audio.start();
  }

  /** Another tab of this agent has the sound: fetch sound and camera back to this one. */
  useHere(): void {
    this.audio?.start();
  }

  /** A microphone that is pulled out is replaced by the one that is left. */
  private async openMicrophone(): Promise<MediaStream | null> {
    const mic = await this.devices.openMicrophone();
    if (this.ended) {
      stop(mic);
      return null;
    }
    for (const t of mic?.getAudioTracks() ?? [])
      t.onended = () => void this.useMicrophone(this.devices.state.get().microphone);
    return mic;
  }

  private onAudio(audio: LegState): void {
    this.state.patch(audio === 'taken' ? { audio, remote: null } : { audio });
    void this.show(this.shown); /* the camera goes where the sound is */
  }

  onClosed(c: MediaClose): void {
    for (const leg of [this.audio, this.cameraLeg, this.screenLeg])
      leg?.serverClosed(c.leg_id ?? '', c.reason ?? '');
  }

  onReoffer(r: MediaReoffer): void {
    if (!r.instance || r.instance === this.instance)
      this.reoffer();
  }

  mute(muted: boolean): void {
    this.state.patch({ muted });
    this.applyMute();
  }

  setCamera(on: boolean): void {
    this.state.patch({ cameraOn: on });
    this.withoutCamera = '';
    void this.show(this.shown);
  }

  /** Be seen by this contact (a connected video contact), or by nobody (null). */
  async show(contact: ContactState | null): Promise<void> {
    const other = contact?.contact_id !== this.shown?.contact_id;
    this.shown = contact;
    const seen = contact && !this.ended && this.state.get().cameraOn && this.state.get().audio !== 'taken';
    if (!seen || other)
      this.dropCamera();
    if (other)
      this.stopScreen();
    if (!seen || this.cameraLeg || this.openingCamera || contact.contact_id === this.withoutCamera)
      return;
    this.openingCamera = true;
    const camera = await this.devices.openCamera();
    this.openingCamera = false;
    const still = this.shown as ContactState | null; /* it may have changed meanwhile */
    if (!camera) {
      this.withoutCamera = contact.contact_id ?? '';
      return;
    }
    if (!still || !this.state.get().cameraOn || this.state.get().audio === 'taken') {
      stop(camera);
      return;
    }
    this.state.patch({ camera });
    this.cameraLeg = this.send('LEG_KIND_CAMERA', still, camera);
  }

  /** `there`: is the contact still talked with?  Choosing a window may take long. */
  async shareScreen(contact: ContactState, there: () => boolean): Promise<void> {
    this.stopScreen();
    let screen: MediaStream;
    try {
      screen = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { ideal: 10, max: 15 } }, audio: false });
    } catch (e) {
      if (e instanceof Error && e.name === 'NotAllowedError')
        return; /* the agent closed the browser's own dialog */
      throw new Error('this browser cannot do it', { cause: e });
    }
    if (this.ended || !there()) {
      stop(screen);
      return;
    }
    for (const t of screen.getVideoTracks()) {
      t.contentHint = 'detail';
      t.onended = () => this.stopScreen();
    }
    this.state.patch({ screen });
    this.screenLeg = this.send('LEG_KIND_SCREEN', contact, screen);
  }

  stopScreen(): void {
    this.screenLeg?.close();
    this.screenLeg = null;
    stop(this.state.get().screen);
    this.state.patch({ screen: null });
  }

  async useMicrophone(id: string): Promise<void> {
    this.devices.choose({ microphone: id });
    const next = await this.openMicrophone();
    if (!next)
      return;
    const old = this.mic;
    this.mic = next;
    this.applyMute();
    if (this.audio)
      await this.audio.replace(next);
    else
      await this.begin(this.instance, false);
    stop(old);
  }

  async useCamera(id: string): Promise<void> {
    this.devices.choose({ camera: id });
    const old = this.state.get().camera;
    this.withoutCamera = '';
    if (!old || !this.cameraLeg)
      return this.show(this.shown);
    const next = await this.devices.openCamera();
    if (!this.cameraLeg) /* the contact went meanwhile */
      stop(next);
    if (!next || !this.cameraLeg)
      return;
    await this.cameraLeg.replace(next);
    this.state.patch({ camera: next });
    stop(old);
  }

  end(): void {
    this.ended = true;
    this.shown = null;
    this.stopScreen();
    this.dropCamera();
    this.audio?.close();
    this.audio = null;
    stop(this.mic);
    this.mic = null;
    this.state.patch({ remote: null, audio: 'closed' });
  }

  private send(kind: 'LEG_KIND_CAMERA' | 'LEG_KIND_SCREEN', c: ContactState, stream: MediaStream) {
    const leg = new SendLeg({ socket: this.socket, kind, contact_id: c.contact_id ?? '',
      instance: () => c.media_instance || this.instance, stream });
    leg.start();
    return leg;
  }

  private reoffer(): void {
    this.audio?.reoffer();
    this.cameraLeg?.reoffer();
    this.screenLeg?.reoffer();
  }

  private dropCamera(): void {
    this.cameraLeg?.close();
    this.cameraLeg = null;
    stop(this.state.get().camera);
    this.state.patch({ camera: null });
  }

  private applyMute(): void {
    for (const t of this.mic?.getAudioTracks() ?? [])
      t.enabled = !this.state.get().muted;
  }
}
