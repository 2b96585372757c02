/** The customer's panel: choose, wait, talk, rate. */
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import css from './view.css?inline';
import type { Channel } from '../../lib/api';
import { expectedWait } from '../../lib/format';
import { Chat } from '../../ui/chat';
import { useStore, useStream } from '../../ui/hooks';
import { Icon, type IconName } from '../../ui/icons';
import { adopt } from '../dom';
import type { CallHandle, WidgetHost } from '../host';
import { Call } from './call';
import { arrange } from './stage';
import { announcement, isRunning, type CallState } from './state';

export function startCall(host: WidgetHost): CallHandle {
  adopt(host.root, css);
  const call = new Call(host);
  const mount = document.createElement('div');
  host.root.append(mount);
  render(<Widget call={call} />, mount);
  return call;
}

const TITLES: Record<CallState['step'], string> = {
  choose: 'How shall we talk?', starting: 'One moment', waiting: 'You are in line',
  connected: 'In conversation', survey: 'One question', done: 'Goodbye', problem: 'Sorry',
  elsewhere: 'This call goes on in another tab',
};

function Widget({ call }: { call: Call }) {
  const s = useStore(call.state);
  const live = s.step === 'waiting' || s.step === 'connected';
  return (
    <>
      <RemoteAudio call={call} />
      <p class="sr" role="status" data-testid="announcement">{announcement(s)}</p>
      {s.cobrowse === 'on' && live && <SharingBar call={call} agent={s.agent} />}
      {s.open ? <Panel call={call} s={s} /> : live && <Pill call={call} s={s} />}
    </>
  );
}

function RemoteAudio({ call }: { call: Call }) {
  const stream = useStore(call.media.remote);
  const ref = useStream<HTMLAudioElement>(stream);
  return <audio ref={ref} autoplay data-testid="remote-audio" />;
}

/** Always on top while the page is seen: who sees it, and the way to stop it. */
function SharingBar({ call, agent }: { call: Call; agent: string }) {
  return (
    <div class="sharing" role="status" data-testid="cobrowse-bar">
      <Icon name="eye" size={18} />
      <span>{agent || 'Your agent'} sees this page. What you type stays hidden.</span>
      <button type="button" class="stop" data-testid="cobrowse-stop"
        onClick={() => call.consent(false)}>Stop</button>
    </div>
  );
}

function Pill({ call, s }: { call: Call; s: CallState }) {
  const text = s.step === 'connected' ? s.agent : s.position > 0 ? `Number ${s.position} in line`
    : 'You are in line';
  return (
    <div class="pill" data-testid="call-pill">
      <button type="button" class="grow" onClick={() => call.open()} aria-label={`${text}${s.unread > 0 ? `, ${s.unread} unread` : ''}. Open`}>
        <span class={`dot ${s.step}`} />{text}
        {s.unread > 0 && <span class="badge">{s.unread}</span>}
      </button>
      <button type="button" class="round end" aria-label="End the call"
        onClick={() => void call.end()}><Icon name="end" size={18} /></button>
    </div>
  );
}

function Panel({ call, s }: { call: Call; s: CallState }) {
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    const root = ref.current?.getRootNode() as ShadowRoot | undefined;
    if (!ref.current?.contains(root?.activeElement ?? null)) /* who writes is not interrupted */
      ref.current?.focus({ preventScroll: true });
  }, [s.step]);
  return (
    <section class={`panel step-${s.step}${s.cobrowse === 'on' ? ' showing' : ''}`} role="dialog" aria-label="Help" tabIndex={-1} ref={ref}
      data-testid="help-panel" data-step={s.step}
      onKeyDown={e => e.key === 'Escape' && call.minimise()}>
      <header>
        <h2>{s.step === 'connected' ? s.agent : s.problem?.title ?? TITLES[s.step]}</h2>
        <button type="button" class="icon-button" data-testid="panel-close"
          aria-label={s.step === 'waiting' || s.step === 'connected' ? 'Make small' : 'Close'}
          onClick={() => call.minimise()}>
          <Icon name={s.step === 'waiting' || s.step === 'connected' ? 'minimise' : 'close'} />
        </button>
      </header>
      {s.away && isRunning(s) && <p class="strip" role="status">The connection is lost. We are getting you back…</p>}
      {s.step === 'choose' && <Choose call={call} s={s} />}
      {s.step === 'starting' && <Starting s={s} />}
      {(s.step === 'waiting' || s.step === 'connected') && <Live call={call} s={s} />}
      {s.step === 'survey' && <SurveyForm call={call} s={s} />}
      {s.step === 'done' && <Done call={call} text={s.farewell} />}
      {s.step === 'elsewhere' && <Elsewhere call={call} />}
      {s.step === 'problem' && <Trouble call={call} s={s} />}
    </section>
  );
}

const CHOICES: { channel: Channel; icon: IconName; name: string; what: string; id: string }[] = [
  { channel: 'CHANNEL_VIDEO', icon: 'video', name: 'Video', id: 'video',
    what: 'You see us, we never see you' },
  { channel: 'CHANNEL_VOICE', icon: 'phone', name: 'Voice', id: 'voice', what: 'Talk, no picture' },
  { channel: 'CHANNEL_CHAT', icon: 'chat', name: 'Chat', id: 'chat', what: 'In writing' },
];

function Choose({ call, s }: { call: Call; s: CallState }) {
  const [channel, setChannel] = useState(s.channel);
  const [consent, setConsent] = useState(false);
  const [share, setShare] = useState(false);
  const [nudge, setNudge] = useState(false);
  const agree = useRef<HTMLInputElement>(null);
  const begin = (e: Event) => {
    e.preventDefault();
    setNudge(!consent);
    if (consent)
      void call.begin(channel, share);
    else
      agree.current?.focus();
  };
  return (
    <form class="body" onSubmit={begin}>
      <fieldset class="choices">
        <legend class="sr">Channel</legend>
        {CHOICES.map(c => (
          <label key={c.id} class={channel === c.channel ? 'choice on' : 'choice'}>
            <input type="radio" name="channel" checked={channel === c.channel}
              data-testid={`choose-${c.id}`} onChange={() => setChannel(c.channel)} />
            <Icon name={c.icon} size={22} />
            <span><b>{c.name}</b><small>{c.what}</small></span>
          </label>
        ))}
      </fieldset>
      <label class="check">
        <input type="checkbox" ref={agree} checked={consent} data-testid="consent" aria-invalid={nudge}
          aria-describedby={nudge ? 'tl-nudge' : undefined}
          onChange={e => setConsent(e.currentTarget.checked)} />
        <span>Connect me. The agent may see which pages I looked at and what is in my basket.</span>
      </label>
      {nudge && !consent && <p id="tl-nudge" class="error" role="alert">Please agree first.</p>}
      <label class="check">
        <input type="checkbox" checked={share} data-testid="consent-cobrowse"
          onChange={e => setShare(e.currentTarget.checked)} />
        <span>Show the agent this page as I see it. Everything I type stays hidden, and I can stop
          at any time.</span>
      </label>
      <button type="submit" class="primary wide" data-testid="start">Start</button>
    </form>
  );
}

function Starting({ s }: { s: CallState }) {
  return (
    <div class="body center" role="status">
      <span class="ring" aria-hidden="true" />
      <p>{s.contact_id ? 'Taking you back to your call…'
        : s.channel === 'CHANNEL_CHAT' ? 'Connecting…'
          : 'Connecting. Your browser may ask for the microphone.'}</p>
    </div>
  );
}

/** Waiting and talking share the chat, so that a half-written line survives the answer. */
function Live({ call, s }: { call: Call; s: CallState }) {
  const waiting = s.step === 'waiting';
  return (
    <div class={waiting ? 'body' : 'body talk'}>
      {waiting ? <Waiting key="top" s={s} /> : <Connected key="top" call={call} s={s} />}
      {(!waiting || s.channel === 'CHANNEL_CHAT') && (
        <Chat key="chat" lines={s.lines} mine="ROLE_CUSTOMER" typing={s.typing}
          peer={s.agent || 'Agent'} onSend={t => call.send(t)} onTyping={on => call.typing(on)}
          empty={waiting ? 'Write what it is about; the agent reads it when you are connected.'
            : `Write to ${s.agent} here.`} />
      )}
      {waiting && <button key="leave" type="button" class="plain wide" data-testid="leave-queue"
        onClick={() => void call.end()}>Leave the line</button>}
    </div>
  );
}

function placeInLine(s: CallState): string {
  if (s.requeued)
    return 'We lost your agent. You are first in line.';
  if (s.ringing)
    return 'Calling somebody for you';
  return s.position > 1 ? `Number ${s.position} in line`
    : s.position === 1 ? 'You are next' : 'Finding the right person';
}

function Waiting({ s }: { s: CallState }) {
  return (
    <div class="center wait">
      <span class="ring" aria-hidden="true" />
      <p class="big" aria-live="polite" data-testid="queue-position" data-position={s.position}>
        {placeInLine(s)}</p>
      <p class="soft" data-testid="expected-wait">
        {s.ringing ? 'It rings at a desk.'
          : s.position > 0 ? expectedWait(s.expected_wait_s) : 'This takes a second.'}
      </p>
      {s.channel !== 'CHANNEL_CHAT' && <p class="soft small">
        {s.media === 'up' ? 'You hear music until somebody answers.' : 'Starting the sound…'}</p>}
    </div>
  );
}

function Connected({ call, s }: { call: Call; s: CallState }) {
  const chatOnly = s.channel === 'CHANNEL_CHAT';
  return (
    <>
      {!chatOnly && <Stage call={call} s={s} />}
      <CobrowseAsk call={call} s={s} />
      <div class="controls">
        {!chatOnly && (
          <button type="button" class={`round${s.muted ? ' off' : ''}`} data-testid="mute"
            aria-pressed={s.muted} aria-label={s.muted ? 'Unmute' : 'Mute'}
            onClick={() => call.media.mute(!s.muted)}><Icon name={s.muted ? 'micOff' : 'mic'} /></button>
        )}
        {s.cobrowse !== 'on' && s.cobrowse !== 'asked' && (
          <button type="button" class="plain" data-testid="cobrowse-start"
            disabled={s.cobrowse === 'starting'} onClick={() => call.consent(true)}>
            <Icon name="eye" size={18} />{s.cobrowse === 'starting' ? 'Starting…' : 'Show my page'}
          </button>
        )}
        {s.cobrowse === 'on' && (
          <button type="button" class="plain" onClick={() => call.consent(false)}>
            <Icon name="eyeOff" size={18} />Stop showing
          </button>
        )}
        <button type="button" class="round end" data-testid="end-call" aria-label="End the call"
          onClick={() => void call.end()}><Icon name="end" /></button>
      </div>
    </>
  );
}

/** The agent's picture; a shared screen takes the big place and the face the small one. */
function Stage({ call, s }: { call: Call; s: CallState }) {
  const { main, small } = arrange(useStore(call.media.views));
  return (
    <div class={`stage${s.channel === 'CHANNEL_VIDEO' ? '' : ' voice'}`} data-testid="stage">
      {main ? <Video key={main.leg_id} stream={main.stream} id="agent-video" />
        : <div class="face" aria-hidden="true">{initials(s.agent)}</div>}
      {small && <div class="pip"><Video key={small.leg_id} stream={small.stream}
        id="agent-video-small" /></div>}
      {s.held && <p class="hold" role="status">On hold: {s.agent} will be right back</p>}
      {s.media === 'connecting' && !s.held
        && <p class="hold" role="status">Getting the sound back…</p>}
    </div>
  );
}

function CobrowseAsk({ call, s }: { call: Call; s: CallState }) {
  const allow = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const root = allow.current?.getRootNode() as ShadowRoot | undefined;
    const field = root?.activeElement;
    if (!(field instanceof HTMLTextAreaElement && field.value)) /* who writes is not interrupted */
      allow.current?.focus({ preventScroll: true });
  }, [s.cobrowse === 'asked']);
  if (s.cobrowse !== 'asked')
    return null;
  return (
    <div class="ask" role="alertdialog" aria-label="Show your page?" data-testid="cobrowse-ask">
      <p><b>{s.agent} asks to see this page.</b> What you type stays hidden. You can stop at any
        time.</p>
      <div class="row">
        <button type="button" class="primary" ref={allow} data-testid="cobrowse-allow"
          onClick={() => call.consent(true)}>Show my page</button>
        <button type="button" class="plain" data-testid="cobrowse-refuse"
          onClick={() => call.consent(false)}>No</button>
      </div>
    </div>
  );
}

function Video({ stream, id }: { stream: MediaStream; id: string }) {
  const ref = useStream<HTMLVideoElement>(stream);
  return <video ref={ref} autoplay playsInline muted data-testid={id} />;
}

function SurveyForm({ call, s }: { call: Call; s: CallState }) {
  return (
    <div class="body center" data-testid="survey">
      <p class="big">{s.question}</p>
      <div class="stars" role="group" aria-label="1 is poor, 5 is excellent">
        {[1, 2, 3, 4, 5].map(n => (
          <button key={n} type="button" data-testid={`survey-${n}`} aria-label={`${n} of 5`}
            onClick={() => call.rate(n)}>{n}</button>
        ))}
      </div>
      <div class="scale" aria-hidden="true"><span>Poor</span><span>Excellent</span></div>
      <button type="button" class="plain" data-testid="survey-skip" onClick={() => call.rate(0)}>
        Skip</button>
    </div>
  );
}

function Done({ call, text }: { call: Call; text: string }) {
  return (
    <div class="body center" role="status" data-testid="done">
      <span class="tick" aria-hidden="true"><Icon name="check" size={28} /></span>
      <p class="big">{text}</p>
      <button type="button" class="plain" onClick={() => call.minimise()}>Close</button>
    </div>
  );
}

function Elsewhere({ call }: { call: Call }) {
  return (
    <div class="body" role="status" data-testid="elsewhere">
      <p>You opened this page again, and your call moved there. You can go on reading here.</p>
      <button type="button" class="plain" onClick={() => call.minimise()}>Close</button>
    </div>
  );
}

function Trouble({ call, s }: { call: Call; s: CallState }) {
  return (
    <div class="body" role="alert" data-testid="problem">
      <p>{s.problem?.text}</p>
      <div class="row">
        {s.problem?.offerRetry && <button type="button" class="primary" data-testid="retry"
          onClick={() => call.retry()}>Try again</button>}
        {s.problem?.offerChat && <button type="button" class="plain" data-testid="chat-instead"
          onClick={() => void call.begin('CHANNEL_CHAT', false)}>Chat instead</button>}
      </div>
    </div>
  );
}

const initials = (name: string): string =>
  name.split(/\s+/).map(w => w[0] ?? '').join('').slice(0, 2).toUpperCase() || '?';
