/** What an agent without a contact looks at: the queues, live. */
import type { AgentPresence } from '../lib/api';
import { clock, percent, words } from '../lib/format';
import { useFocusWhenLost } from '../ui/hooks';
import { PRESENCE } from '../ui/presence';
import type { DeskState } from './state';

const TITLES: Partial<Record<AgentPresence, string>> = {
  AGENT_PRESENCE_READY: 'You are ready', AGENT_PRESENCE_RINGING: 'A contact is ringing',
};
const WORDS: Partial<Record<AgentPresence, string>> = {
  AGENT_PRESENCE_READY: 'The next contact rings here, with everything the customer did so far.',
  AGENT_PRESENCE_RINGING: 'Accept it or decline it; after the countdown it goes to a colleague.',
  AGENT_PRESENCE_BUSY: 'The contact opens here in a moment.',
  AGENT_PRESENCE_WRAP_UP: 'You are ready again when the wrap-up is over.',
};

export function Floor({ s }: { s: DeskState }) {
  const presence = s.me.presence ?? 'AGENT_PRESENCE_OFFLINE';
  const focus = useFocusWhenLost<HTMLElement>();
  return (
    <section class="floor" ref={focus} tabIndex={-1} aria-label="The floor">
      <h1>{TITLES[presence] ?? 'Nothing at hand'}</h1>
      <p class="soft">{WORDS[presence]
        ?? `Your state is “${PRESENCE[presence].word}”. Press Ready to take contacts.`}</p>
      {s.board && <ul class="queues">
        {(s.board.queues ?? []).map(q => (
          <li key={q.queue}>
            <h2>{words(q.queue ?? '')}</h2>
            <dl>
              <div><dt>Waiting</dt><dd>{q.waiting ?? 0}</dd></div>
              <div><dt>Longest</dt><dd>{clock((q.longest_wait_ms ?? 0) / 1000)}</dd></div>
              <div><dt>Free</dt><dd>{q.idle ?? 0} of {q.staffed ?? 0}</dd></div>
              <div><dt>Service level</dt><dd>{q.offered ? percent(q.service_level ?? 0) : '–'}</dd>
              </div>
            </dl>
          </li>
        ))}
      </ul>}
    </section>
  );
}
