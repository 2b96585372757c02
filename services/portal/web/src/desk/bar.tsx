/** The bar on top: state with its clock, devices, sound, sign out. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock, words } from '../lib/format';
import { Logo, type SignedIn } from '../ui/account';
import { useNow, useStore } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { PRESENCE } from '../ui/presence';
import type { Desk } from './desk';
import type { DeskState } from './state';

interface Props { desk: Desk; s: DeskState; account: SignedIn }

export function TopBar({ desk, s, account }: Props) {
  const [settings, setSettings] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  return (
    <header class="bar">
      <Logo />
      <Presence desk={desk} s={s} />
      <span class="grow" />
      <Sound desk={desk} />
      <a class="icon-button" href="/board/" target="_blank" rel="opener" aria-label="Board, new tab"
        title="Board"><Icon name="board" /></a>
      <span class="me">{s.welcome.self?.display_name ?? account.display_name}</span>
      <button class="icon-button" aria-label="Microphone and camera" aria-expanded={settings}
        title="Microphone and camera" ref={opener} data-testid="devices-open" onClick={() => setSettings(!settings)}>
        <Icon name="settings" /></button>
      <button class="icon-button" aria-label="Sign out" title="Sign out" data-testid="signout"
        onClick={() => desk.signOut()}><Icon name="leave" /></button>
      {settings && <DevicePanel desk={desk} onClose={() => {
        setSettings(false);
        opener.current?.focus();
      }} />}
    </header>
  );
}

function Presence({ desk, s }: { desk: Desk; s: DeskState }) {
  const now = useNow();
  const presence = s.me.presence ?? 'AGENT_PRESENCE_OFFLINE';
  const { word, tone } = PRESENCE[presence];
  const { reason } = s.me;
  const label = s.welcome.not_ready_reasons?.find(r => r.id === reason)?.label
    ?? (reason && reason !== 'none' ? words(reason) : '');
  const seconds = s.me.since_us ? (now - s.me.since_us / 1000) / 1000 : 0;
  const ready = presence !== 'AGENT_PRESENCE_NOT_READY' && presence !== 'AGENT_PRESENCE_OFFLINE';
  return (
    <div class="presence" data-testid="presence" data-presence={presence}>
      <span class={`state ${tone}`} role="status">
        <i class="dot" />{word}{label && !ready ? `: ${label}` : ''}
      </span>
      {s.me.since_us ? <time>{clock(seconds)}</time> : null}
      {!ready && (
        <button class="primary" data-testid="ready" disabled={s.socket !== 'open'}
          onClick={() => desk.setReady(true)}>Ready</button>
      )}
      <NotReady desk={desk} s={s} ready={ready} />
    </div>
  );
}

function NotReady({ desk, s, ready }: { desk: Desk; s: DeskState; ready: boolean }) {
  const reasons = s.welcome.not_ready_reasons ?? [];
  return (
    <select class="reasons" aria-label="Not ready, reason" data-testid="not-ready"
      disabled={s.socket !== 'open'} value=""
      onChange={e => {
        const reason = e.currentTarget.value;
        e.currentTarget.value = '';
        if (reason)
          desk.setReady(false, reason);
      }}>
      <option value="">{ready ? 'Take a break…' : 'Other reason…'}</option>
      {reasons.map(r => <option key={r.id} value={r.id}>{r.label || words(r.id ?? '')}</option>)}
    </select>
  );
}

/** Is the standing audio leg up?  Without it no call can be heard. */
function Sound({ desk }: { desk: Desk }) {
  const { audio } = useStore(desk.media.state);
  const { microphoneError } = useStore(desk.media.devices.state);
  const up = audio === 'up';
  const text = up ? 'Sound ready' : microphoneError ? 'No microphone'
    : audio === 'idle' ? 'Sound off' : audio === 'taken' ? 'Sound in another tab'
      : 'Sound connecting…';
  return (
    <span class={up ? 'sound up' : 'sound'} role="status" title={text} data-testid="sound"
      data-state={audio}>
      <Icon name={up ? 'mic' : 'micOff'} size={18} /><span class="wide-only">{text}</span>
    </span>
  );
}

function DevicePanel({ desk, onClose }: { desk: Desk; onClose: () => void }) {
  const d = useStore(desk.media.devices.state);
  const { cameraOn } = useStore(desk.media.state);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.querySelector('select')?.focus();
    const escape = (e: KeyboardEvent) => e.key === 'Escape' && onClose();
    addEventListener('keydown', escape);
    return () => removeEventListener('keydown', escape);
  }, []);
  const name = (i: MediaDeviceInfo, n: number, word: string) => i.label || `${word} ${n + 1}`;
  return (
    <div class="popover" role="dialog" aria-label="Microphone and camera" data-testid="devices"
      ref={box}>
      <label>Microphone
        <select value={d.microphone} data-testid="device-microphone"
          onChange={e => void desk.media.useMicrophone(e.currentTarget.value)}>
          <option value="">The system's choice</option>
          {d.microphones.map((m, n) => <option key={m.deviceId} value={m.deviceId}>
            {name(m, n, 'Microphone')}</option>)}
        </select>
      </label>
      <label>Camera
        <select value={d.camera} data-testid="device-camera"
          onChange={e => void desk.media.useCamera(e.currentTarget.value)}>
          <option value="">The system's choice</option>
          {d.cameras.map((c, n) => <option key={c.deviceId} value={c.deviceId}>
            {name(c, n, 'Camera')}</option>)}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={cameraOn}
          onChange={e => desk.media.setCamera(e.currentTarget.checked)} />
        Show my picture in video contacts
      </label>
      {[d.microphoneError, d.cameraError].filter(Boolean).map(e =>
        <p key={e} class="form-error" role="alert">{e}</p>)}
      <button class="plain" onClick={onClose}>Done</button>
    </div>
  );
}
