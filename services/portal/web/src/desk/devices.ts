/** Microphone and camera: which there are, which was chosen, and why one does not work. */
import { Store } from '../lib/store';

export interface Devices {
  microphones: MediaDeviceInfo[];
  cameras: MediaDeviceInfo[];
  microphone: string;
  camera: string;
  microphoneError: string; // in plain words
  cameraError: string;
}

const KEY = 'tl.desk.devices';

export class DeviceChoice {
  readonly state = new Store<Devices>(
    { microphones: [], cameras: [], microphone: '', camera: '', microphoneError: '', cameraError: '' });

  constructor() {
    try {
      const saved = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Devices>;
      this.state.patch({ microphone: saved.microphone ?? '', camera: saved.camera ?? '' });
    } catch {
      /* a broken note is no note */
    }
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.refresh());
  }

  async refresh(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices();
    this.state.patch({
      microphones: all.filter(d => d.kind === 'audioinput'),
      cameras: all.filter(d => d.kind === 'videoinput'),
    });
  }

  choose(part: Partial<Pick<Devices, 'microphone' | 'camera'>>): void {
    this.state.patch(part);
    const { microphone, camera } = this.state.get();
    localStorage.setItem(KEY, JSON.stringify({ microphone, camera }));
  }

  async openMicrophone(): Promise<MediaStream | null> {
    const id = this.state.get().microphone;
    return this.open({ audio: id ? { deviceId: { ideal: id } } : true });
  }

  async openCamera(): Promise<MediaStream | null> {
    const id = this.state.get().camera;
    return this.open({ video: {
      ...(id ? { deviceId: { ideal: id } } : {}), width: { ideal: 1280 }, height: { ideal: 720 },
      frameRate: { ideal: 24, max: 30 },
    } });
  }

  private async open(what: MediaStreamConstraints): Promise<MediaStream | null> {
    const device = what.video ? 'camera' : 'microphone';
    try {
      const stream = await navigator.mediaDevices.getUserMedia(what);
      this.state.patch({ [`${device}Error`]: '' });
      void this.refresh();
      return stream;
    } catch (e) {
      this.state.patch({ [`${device}Error`]: why(device, e instanceof Error ? e.name : '') });
      return null;
    }
  }
}

export function why(device: 'camera' | 'microphone', name: string): string {
  if (name === 'NotAllowedError')
    return `The browser does not let this page use your ${device}. Allow it beside the address.`;
  if (name === 'NotFoundError')
    return `No ${device} is plugged in.`;
  if (name === 'NotReadableError')
    return `Another program is using your ${device}.`;
  return `Your ${device} did not start.`;
}
