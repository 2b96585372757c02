/** The wallboard: queues and agents, live.  It reads GET /v1/board and never takes a desk's session. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import './board.css';
import type { AgentPresence, AgentState, Board, BoardQueue } from '../lib/api';
import { clock, percent, words } from '../lib/format';
import { forgetAccount, Logo, readAccount, SignInForm, type SignedIn } from '../ui/account';
import { useNow } from '../ui/hooks';
import { PRESENCE } from '../ui/presence';
import { watchBoard, type BoardFeed } from './feed';

function App() {
  const [account, setAccount] = useState<SignedIn | null>(readAccount);
  const [why, setWhy] = useState('');
  if (!account)
    return <SignInForm title="Board" why={why} key={why} onSignedIn={setAccount} />;
  return <BoardView token={account.token} onRefused={() => {
    forgetAccount();
    setWhy('Please sign in again.');
    setAccount(null);
  }} />;
}

function BoardView({ token, onRefused }: { token: string; onRefused: () => void }) {
  const [feed, setFeed] = useState<BoardFeed>({ board: null, ok: true });
  useEffect(() => watchBoard(token, setFeed, onRefused), [token]);
  const { board } = feed;
  return (
    <div class="board" data-testid="board">
      <header class="bar">
        <Logo /><h1 class="grow">Board</h1>
        <Freshness feed={feed} />
      </header>
      {!board ? <p class="empty pad">{feed.ok ? 'Waiting for the first figures…'
        : 'The figures cannot be read. Trying again…'}</p> : <BoardBody board={board} />}
    </div>
  );
}

function Freshness({ feed }: { feed: BoardFeed }) {
  const now = useNow();
  const age = feed.board?.at_us ? now / 1000 - feed.board.at_us / 1e6 : 0;
  const late = !feed.ok || age > 5;
  return (
    <span class={`state ${late ? 'amber' : 'green'}`} role="status" data-testid="board-fresh">
      <i class="dot" />{late ? `Figures are ${clock(age)} old` : 'Live'}
    </span>
  );
}

function BoardBody({ board }: { board: Board }) {
  const t = board.total ?? {};
  const formula = t.service_level_formula ?? board.queues?.[0]?.service_level_formula ?? '';
  return (
    <main>
      <section class="tiles" aria-label="All queues">
        <Tile id="total-waiting" name="Waiting" value={String(t.waiting ?? 0)}
          tone={t.waiting ? 'amber' : ''} />
        <Tile id="total-longest" name="Longest wait" value={clock((t.longest_wait_ms ?? 0) / 1000)} />
        <Tile id="total-sl" name="Service level" note={formula.split(':')[0]}
          value={t.offered ? percent(t.service_level ?? 0) : '–'} />
        <Tile id="total-asa" name="ASA" note="average speed of answer"
          value={clock((t.asa_ms ?? 0) / 1000)} />
        <Tile id="total-aht" name="AHT" note="talk, hold and wrap-up"
          value={clock((t.aht_ms ?? 0) / 1000)} />
        <Tile id="total-abandoned" name="Abandoned" note={`${t.short_abandoned ?? 0} within 5 s`}
          value={String(t.abandoned ?? 0)} />
      </section>
      <Queues queues={board.queues ?? []} />
      <Agents agents={board.agents ?? []} />
      {formula && <p class="fine">Service level, {formula}. All formulas are written down in
        docs/metrics.md.</p>}
    </main>
  );
}

function Tile(p: { id: string; name: string; value: string; note?: string; tone?: string }) {
  return (
    <div class={`tile ${p.tone ?? ''}`} data-testid={p.id}>
      <p class="name">{p.name}</p><p class="value">{p.value}</p><p class="note">{p.note}</p>
    </div>
  );
}

function Queues({ queues }: { queues: BoardQueue[] }) {
  if (!queues.length)
    return <p class="empty">No queues yet.</p>;
  return (
    <div class="table" role="region" aria-label="Queues" tabIndex={0}>
      <table data-testid="board-queues">
        <thead>
          <tr><th scope="col">Queue</th><th scope="col">Waiting</th><th scope="col">Longest</th>
            <th scope="col">Expected</th><th scope="col">Talking</th><th scope="col">Free</th>
            <th scope="col">Offered</th><th scope="col">Answered</th><th scope="col">Abandoned</th>
            <th scope="col">Service level</th><th scope="col">ASA</th><th scope="col">AHT</th></tr>
        </thead>
        <tbody>{queues.map(q => <QueueRow key={q.queue} q={q} />)}</tbody>
      </table>
    </div>
  );
}

function QueueRow({ q }: { q: BoardQueue }) {
  const level = q.service_level ?? 0;
  const expected = q.expected_wait_ms ?? 0;
  return (
    <tr data-testid={`queue-${q.queue}`}>
      <th scope="row">{words(q.queue ?? '')}</th>
      <td class={q.waiting ? 'hot' : ''}>{q.waiting ?? 0}</td>
      <td>{clock((q.longest_wait_ms ?? 0) / 1000)}</td>
      <td>{expected < 0 ? '–' : clock(expected / 1000)}</td>
      <td>{q.connected ?? 0}</td>
      <td class={q.staffed ? '' : 'hot'}>{q.idle ?? 0} / {q.staffed ?? 0}</td>
      <td>{q.offered ?? 0}</td><td>{q.answered ?? 0}</td><td>{q.abandoned ?? 0}</td>
      <td>{q.offered ? <span class="meter"><progress max={1} value={level} aria-label={percent(level)}
        />{percent(level)}</span> : '–'}</td>
      <td>{clock((q.asa_ms ?? 0) / 1000)}</td><td>{clock((q.aht_ms ?? 0) / 1000)}</td>
    </tr>
  );
}

const ORDER: AgentPresence[] = ['AGENT_PRESENCE_RINGING', 'AGENT_PRESENCE_BUSY',
  'AGENT_PRESENCE_WRAP_UP', 'AGENT_PRESENCE_READY', 'AGENT_PRESENCE_NOT_READY',
  'AGENT_PRESENCE_OFFLINE', 'AGENT_PRESENCE_UNSPECIFIED'];

const rank = (a: AgentState): number => ORDER.indexOf(a.presence ?? 'AGENT_PRESENCE_UNSPECIFIED');

function Agents({ agents }: { agents: AgentState[] }) {
  const now = useNow();
  const sorted = [...agents].sort((a, b) => rank(a) - rank(b)
    || (a.agent_id ?? '').localeCompare(b.agent_id ?? ''));
  return (
    <section aria-label="Agents">
      <h2>Agents</h2>
      {!sorted.length && <p class="empty">Nobody is signed in.</p>}
      <ul class="agents" data-testid="board-agents">
        {sorted.map(a => {
          const p = PRESENCE[a.presence ?? 'AGENT_PRESENCE_UNSPECIFIED'];
          const since = a.since_us ? now / 1000 - a.since_us / 1e6 : 0;
          return (
            <li key={a.agent_id} data-testid={`agent-${a.agent_id}`} data-presence={a.presence}>
              <b>{a.display_name || a.agent_id}</b>
              <span class={`state ${p.tone}`}><i class="dot" />{p.word}
                {a.since_us ? <time>{clock(since)}</time> : null}</span>
              {a.reason && a.reason !== 'none' && <small>{words(a.reason)}</small>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

render(<App />, document.getElementById('app')!);
