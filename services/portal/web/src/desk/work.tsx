/** One contact in the middle of the desk: controls, pictures, the customer's page, chat, wrap-up. */
import type { ContactCard } from '../lib/api';
import { channelName, clock } from '../lib/format';
import { Chat } from '../ui/chat';
import { useFocusWhenLost, useNow, useStore, useStream } from '../ui/hooks';
import { Icon, type IconName } from '../ui/icons';
import { Who } from './card';
import type { Desk } from './desk';
import { PageStage } from './page';
import type { Conversation } from './state';
import { WrapUp } from './wrapup';

export interface WorkProps {
  desk: Desk;
  talk: Conversation;
  card?: ContactCard;
  dispositions: string[];
  hidden: boolean;
}

export function Work(p: WorkProps) {
  const { desk, talk } = p;
  const id = talk.state.contact_id ?? '';
  const wrap = talk.state.phase === 'CONTACT_PHASE_WRAP_UP';
  const focus = useFocusWhenLost<HTMLElement>();
  return (
    <article ref={focus} tabIndex={-1} aria-label="Conversation" class={`work${talk.cobrowse === 'on' ? ' with-page' : ''}`} hidden={p.hidden}
      data-testid="conversation" data-phase={talk.state.phase} data-contact-id={id}>
      <WorkHead talk={talk} card={p.card} />
      {wrap ? <WrapUp desk={desk} talk={talk} dispositions={p.dispositions} />
        : <Controls desk={desk} talk={talk} />}
      {!wrap && <Pictures desk={desk} talk={talk} />}
      {talk.cobrowse === 'on' && talk.ticket && <PageStage key={talk.ticket} ticket={talk.ticket}
        onLost={() => desk.pageLost(id)} />}
      <Chat lines={talk.lines} mine="ROLE_AGENT" typing={talk.typing} disabled={wrap}
        peer={p.card?.customer?.display_name || 'The customer'}
        empty="No messages yet. What you write here stays on the customer's thread."
        onSend={t => desk.send(id, t)} onTyping={on => desk.typing(id, on)} />
    </article>
  );
}

function WorkHead({ talk, card }: { talk: Conversation; card?: ContactCard }) {
  const now = useNow();
  const seconds = (now - (talk.state.since_us ?? now * 1000) / 1000) / 1000;
  const word = talk.state.phase === 'CONTACT_PHASE_HELD' ? 'On hold'
    : talk.state.phase === 'CONTACT_PHASE_WRAP_UP' ? 'Ended, wrap-up'
      : channelName(talk.state.channel);
  return (
    <header class="work-head">
      <h1><Who card={card} /></h1>
      <p class="phase"><span role="status" class={`state ${talk.state.phase === 'CONTACT_PHASE_HELD' ? 'amber'
        : talk.state.phase === 'CONTACT_PHASE_WRAP_UP' ? 'violet' : 'green'}`}>
        <i class="dot" />{word}</span><time>{clock(seconds)}</time></p>
    </header>
  );
}

interface ToolProps {
  icon: IconName; label: string; id: string; on?: boolean; disabled?: boolean; danger?: boolean;
  onClick: () => void;
}

function Tool({ icon, label, id, on, disabled, danger, onClick }: ToolProps) {
  return (
    <button class={`tool${on ? ' on' : ''}${danger ? ' danger' : ''}`} data-testid={id}
      aria-pressed={on} disabled={disabled} title={label} onClick={onClick}>
      <Icon name={icon} /><span>{label}</span>
    </button>
  );
}

function Controls({ desk, talk }: { desk: Desk; talk: Conversation }) {
  const m = useStore(desk.media.state);
  const id = talk.state.contact_id ?? '';
  const held = talk.state.phase === 'CONTACT_PHASE_HELD';
  const voice = talk.state.channel !== 'CHANNEL_CHAT';
  const video = talk.state.channel === 'CHANNEL_VIDEO';
  return (
    <div class="controls" role="toolbar" aria-label="Call">
      {voice && <Tool icon={m.muted ? 'micOff' : 'mic'} id="mute" on={m.muted}
        label={m.muted ? 'Unmute' : 'Mute'} onClick={() => desk.media.mute(!m.muted)} />}
      {video && <Tool icon={m.cameraOn ? 'video' : 'videoOff'} id="camera" on={!m.cameraOn}
        label={m.cameraOn ? 'Camera off' : 'Camera on'}
        onClick={() => desk.media.setCamera(!m.cameraOn)} />}
      {video && <Tool icon="screen" id="screen-share" on={!!m.screen}
        label={m.screen ? 'Stop sharing' : 'Share screen'}
        onClick={() => m.screen ? desk.media.stopScreen()
          : desk.shareScreen(talk.state)} />}
      {voice && <Tool icon={held ? 'play' : 'pause'} id="hold" on={held}
        label={held ? 'Retrieve' : 'Hold'} onClick={() => desk.hold(id, !held)} />}
      <Tool icon="eye" id="cobrowse-ask" disabled={talk.cobrowse === 'asked' || !!talk.ticket}
        label={talk.cobrowse === 'asked' ? 'Asked…' : talk.ticket ? 'Page shown'
          : 'Ask to see page'} onClick={() => desk.askForPage(id)} />
      <Tool icon="end" id="end-call" danger label="End" onClick={() => desk.end(id)} />
    </div>
  );
}

/** What the customer sees of us; we never see the customer. */
function Pictures({ desk, talk }: { desk: Desk; talk: Conversation }) {
  const m = useStore(desk.media.state);
  const { cameraError } = useStore(desk.media.devices.state);
  if (talk.state.channel !== 'CHANNEL_VIDEO')
    return null;
  return (
    <div class="pictures">
      <figure class="self">
        {m.camera ? <Picture stream={m.camera} id="self-view" mirror />
          : <div class="no-picture"><Icon name="videoOff" size={28} /></div>}
        <figcaption>{m.camera ? 'The customer sees you'
          : `The customer does not see you. ${m.cameraOn ? cameraError : ''}`}</figcaption>
      </figure>
      {m.screen && <figure class="self">
        <Picture stream={m.screen} id="screen-view" />
        <figcaption>The customer sees this screen</figcaption>
      </figure>}
    </div>
  );
}

function Picture({ stream, id, mirror }: { stream: MediaStream; id: string; mirror?: boolean }) {
  const ref = useStream<HTMLVideoElement>(stream);
  return <video ref={ref} autoplay muted playsInline class={mirror ? 'mirror' : ''}
    data-testid={id} />;
}

