/** The desk: sign-in, then bar, ringing, the contacts at hand and the one that is looked at. */
import { render } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import './desk.css';
import { channelName, clock } from '../lib/format';
import { forgetAccount, readAccount, SignInForm, type SignedIn } from '../ui/account';
import { useNow, useStore, useStream } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { TopBar } from './bar';
import { CustomerCard } from './card';
import { Desk } from './desk';
import { Floor } from './floor';
import { Ringing } from './ringing';
import type { Conversation, DeskState } from './state';
import { Work } from './work';

function App() {
  const [account, setAccount] = useState<SignedIn | null>(readAccount);
  const [why, setWhy] = useState('');
  if (!account)
    return <SignInForm title="Agent desk" why={why} key={why} onSignedIn={setAccount} />;
  const leave = (reason: string) => {
    forgetAccount();
    setWhy(reason);
    setAccount(null);
  };
  return <DeskView account={account} onLeave={leave} />;
}

function DeskView({ account, onLeave }: { account: SignedIn; onLeave: (why: string) => void }) {
  const desk = useMemo(() => new Desk(account, onLeave), [account.token]);
  useEffect(() => {
    desk.start();
    desk.ring.arm();
    const arm = () => desk.ring.arm(); /* after a reload, sound needs a first gesture */
    addEventListener('pointerdown', arm, { once: true });
    addEventListener('keydown', arm, { once: true });
  }, [desk]);
  const s = useStore(desk.state);
  if (s.elsewhere)
    return <Elsewhere />;
  return (
    <div class="desk" data-testid="desk" data-socket={s.socket}>
      <RemoteAudio desk={desk} />
      <TopBar desk={desk} s={s} account={account} />
      {(s.socket === 'away' || s.socket === 'connecting') && s.welcome.session_id && (
        <p class="strip" role="status">The connection is lost. Your calls stay; we are reconnecting…
        </p>)}
      {s.notice && (
        <p class="strip notice" role="alert" data-testid="notice">{s.notice}
          <button class="icon-button" aria-label="Dismiss" onClick={() => desk.dismissNotice()}>
            <Icon name="close" size={16} /></button>
        </p>)}
      <SoundElsewhere desk={desk} />
      <NoMicrophone desk={desk} />
      <Ringing desk={desk} s={s} />
      <main class="desk-main">
        <ContactList desk={desk} s={s} />
        <Center desk={desk} s={s} />
      </main>
    </div>
  );
}

function Center({ desk, s }: { desk: Desk; s: DeskState }) {
  const talks = Object.entries(s.talks);
  if (!talks.length)
    return <Floor s={s} />;
  const card = s.cards[s.selected];
  return (
    <>
      <section class="center" aria-label="Conversation">
        {talks.map(([id, talk]) => (
          <Work key={id} desk={desk} talk={talk} card={s.cards[id]} dispositions={
            s.welcome.dispositions ?? []} hidden={id !== s.selected} />
        ))}
      </section>
      <aside class="context" aria-label="Customer">
        {card ? <CustomerCard card={card} /> : <p class="empty">No details yet.</p>}
      </aside>
    </>
  );
}

function ContactList({ desk, s }: { desk: Desk; s: DeskState }) {
  const talks = Object.entries(s.talks);
  return (
    <nav class="contacts" aria-label="Your contacts">
      <h2>Contacts</h2>
      {talks.length === 0 && <p class="empty">None at the moment.</p>}
      {talks.map(([id, t]) => <ContactItem key={id} id={id} t={t} desk={desk}
        name={s.cards[id]?.customer?.display_name || t.state.customer?.display_name || 'Visitor'}
        on={id === s.selected} />)}
    </nav>
  );
}

interface ItemProps { id: string; t: Conversation; desk: Desk; name: string; on: boolean }

function ContactItem({ id, t, desk, name, on }: ItemProps) {
  const now = useNow();
  const seconds = (now - (t.state.since_us ?? 0) / 1000) / 1000;
  const word = t.state.phase === 'CONTACT_PHASE_HELD' ? 'On hold'
    : t.state.phase === 'CONTACT_PHASE_WRAP_UP' ? 'Wrap-up' : channelName(t.state.channel);
  return (
    <button class={on ? 'contact on' : 'contact'} aria-current={on} data-testid="contact-item"
      onClick={() => desk.select(id)}>
      <Icon name={t.state.channel === 'CHANNEL_CHAT' ? 'chat'
        : t.state.channel === 'CHANNEL_VIDEO' ? 'video' : 'phone'} />
      <span class="grow"><b>{name}</b><small>{word} · {clock(seconds)}</small></span>
      {t.unread > 0 && <span class="badge" aria-label={`${t.unread} unread`}>{t.unread}</span>}
    </button>
  );
}

function RemoteAudio({ desk }: { desk: Desk }) {
  const { remote } = useStore(desk.media.state);
  const ref = useStream<HTMLAudioElement>(remote);
  return <audio ref={ref} autoplay data-testid="remote-audio" />;
}

/** Two tabs share one standing leg; the newest has it until the agent says otherwise. */
function SoundElsewhere({ desk }: { desk: Desk }) {
  const { audio } = useStore(desk.media.state);
  if (audio !== 'taken')
    return null;
  return (
    <p class="strip notice" role="status" data-testid="sound-elsewhere">
      Your sound is in another tab.
      <button class="plain" data-testid="sound-here" onClick={() => desk.media.useHere()}>
        Use this tab</button>
    </p>
  );
}

/** Who cannot be heard should know before a customer does. */
function NoMicrophone({ desk }: { desk: Desk }) {
  const { microphone, microphoneError } = useStore(desk.media.devices.state);
  if (!microphoneError)
    return null;
  return (
    <p class="strip notice" role="alert" data-testid="no-microphone">
      {microphoneError} Without one customers can only read what you write.
      <button class="plain" data-testid="microphone-again"
        onClick={() => void desk.media.useMicrophone(microphone)}>Try again</button>
    </p>
  );
}

function Elsewhere() {
  return (
    <main class="signin">
      <div class="card-box" data-testid="elsewhere">
        <h1>The desk is open in another tab</h1>
        <p>You can work in one tab at a time.</p>
        <button class="primary" onClick={() => location.reload()}>Use it here</button>
      </div>
    </main>
  );
}

render(<App />, document.getElementById('app')!);
