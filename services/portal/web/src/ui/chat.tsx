/** The conversation in writing, the same on both sides; `mine` says which lines are ours. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Role } from '../lib/api';
import type { Line as ChatLine } from '../lib/chat';
import { pieces } from '../lib/text';
import { Icon } from './icons';

const TYPING_MS = 3000;
const MAX_TEXT = 4000; // letters; what weighs more than a message may goes as several

export interface ChatProps {
  lines: ChatLine[];
  mine: Role;
  typing: boolean;
  peer: string;
  disabled?: boolean;
  empty: string;
  onSend: (text: string) => void;
  onTyping: (on: boolean) => void;
}

const time = (us?: number) => us
  ? new Date(us / 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : '';

export function Chat(p: ChatProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [p.lines.length, p.typing]);
  return (
    <div class="chat" data-testid="chat">
      <div class="chat-lines" ref={list} role="log" aria-label="Messages" tabIndex={0}
        data-testid="chat-lines">
        {p.lines.length === 0 && <p class="empty">{p.empty}</p>}
        {p.lines.map(l => <Line key={l.client_ref || l.message_id} line={l} mine={p.mine} />)}
        {p.typing && <p class="typing" data-testid="typing">{p.peer} is writing…</p>}
      </div>
      <Composer {...p} />
    </div>
  );
}

function Line({ line, mine }: { line: ChatLine; mine: Role }) {
  const own = line.from_role === mine
    || (mine === 'ROLE_AGENT' && line.from_role === 'ROLE_SUPERVISOR');
  const kind = line.from_role === 'ROLE_SYSTEM' ? 'system' : own ? 'own' : 'peer';
  return (
    <div class={`line ${kind}${line.pending ? ' pending' : ''}`} data-testid="chat-message">
      {kind === 'peer' && <span class="who">{line.from_name || 'Customer'}</span>}
      <span class="bubble">{line.text}</span>
      <span class="when">
        {line.failed ? 'Not sent' : line.pending ? 'Sending…' : time(line.sent_at_us)}
      </span>
    </div>
  );
}

function Composer(p: ChatProps) {
  const [text, setText] = useState('');
  const typing = useRef(0);
  const stop = useRef<ReturnType<typeof setTimeout>>();
  const quiet = () => {
    clearTimeout(stop.current);
    if (typing.current)
      p.onTyping(false);
    typing.current = 0;
  };
  const input = (value: string) => {
    setText(value);
    if (!typing.current)
      p.onTyping(true);
    typing.current = 1;
    clearTimeout(stop.current);
    stop.current = setTimeout(quiet, TYPING_MS);
  };
  const send = () => {
    const parts = pieces(text);
    if (!parts.length)
      return;
    setText('');
    quiet();
    parts.forEach(p.onSend);
  };
  return (
    <form class="composer" onSubmit={e => { e.preventDefault(); send(); }}>
      <textarea rows={1} value={text} maxLength={MAX_TEXT} disabled={p.disabled}
        placeholder={p.disabled ? 'The contact is over' : 'Write a message'} aria-label="Message" data-testid="chat-input"
        onInput={e => input(e.currentTarget.value)}
        onKeyDown={e => {
          if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
            e.preventDefault();
            send();
          }
        }} />
      <button class="icon-button accent" type="submit" aria-label="Send" data-testid="chat-send"
        disabled={p.disabled || !text.trim()}><Icon name="send" /></button>
    </form>
  );
}
