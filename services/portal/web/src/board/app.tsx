/** The wallboard: queues and agents, live.  It reads GET /v1/board and never takes a desk's session. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import './board.css';
import type { AgentPresence, AgentState, Board, BoardQueue } from '../lib/api';
import { clock, forecastError, percent, words } from '../lib/format';
import { forgetAccount, Logo, readAccount, SignInForm, type SignedIn } from '../ui/account';
import { useNow } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { PRESENCE } from '../ui/presence';
import { freshness, watchBoard, type BoardFeed, type Freshness } from './feed';
import { FORECAST_ERROR, Legend } from './legend';

function App() {
  const [account, setAccount] = useState<SignedIn | null>(readAccount);
  const [why, setWhy] = useState('');
  if (!account)
    return <SignInForm title="Board" why={why} key={why} onSignedIn={setAccount} />;
  const leave = (reason: string) => {
    forgetAccount();
    setWhy(reason);
    setAccount(null);
  };
  return <BoardView account={account} onLeave={leave} />;
}

function BoardView({ account, onLeave }: { account: SignedIn; onLeave: (why: string) => void }) {
  const [feed, setFeed] = useState<BoardFeed>({ board: null, since_ms: 0, ok: true });
  useEffect(() => watchBoard(account.token, setFeed, () => onLeave('Please sign in again.')),
    [account.token]);
  const now = useNow();
  const fresh = freshness(feed, now);
  const { board } = feed;
  useEffect(() => {
    const { waiting } = board?.total ?? {};
    document.title = `${waiting ? `${waiting} waiting · ` : ''}Board · Threadline`;
  }, [board]);
  return (
    <div class={`board ${fresh}`} data-testid="board" data-fresh={fresh}>
      <header class="bar">
        <Logo /><h1 class="grow">Board</h1>
        <Fresh fresh={fresh} feed={feed} now={now} />
        <span class="me">{account.display_name}</span>
        <button class="icon-button" aria-label="Sign out" title="Sign out" data-testid="signout"
          onClick={() => onLeave('')}><Icon name="leave" /></button>
      </header>
      {!board ? <p class="empty pad">{fresh === 'live' ? 'Waiting for the first figures…'
        : 'The figures cannot be read. Trying again…'}</p> : <BoardBody board={board} />}
    </div>
  );
}

const FRESH = { live: 'Live', late: 'No new figures', lost: 'Connection lost, trying again' };

function Fresh({ fresh, feed, now }: { fresh: Freshness; feed: BoardFeed; now: number }) {
  return (
    <span class={`state ${fresh === 'live' ? 'green' : 'amber'}`}>
      <i class="dot" /><span role="status" data-testid="board-fresh">{FRESH[fresh]}</span>
      {fresh !== 'live' && feed.board && <time>{clock((now - feed.since_ms) / 1000)} old</time>}
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
        <Tile id="total-longest" name="Longest wait" value={clock((t.longest_wait_ms ?? 0) / 1000)}
          note={t.forecasts ? `forecasts off by ${forecastError(t)}` : ''} />
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
      <Legend formula={formula} />
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
            <th scope="col">Expected</th>
            <th scope="col"><abbr title={FORECAST_ERROR}>Off by</abbr></th><th scope="col">Talking</th><th scope="col">Free</th>
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
      <td data-testid={`forecast-${q.queue}`} title={q.forecasts ? `${q.forecasts} forecasts`
        : 'no forecasts yet'}>{forecastError(q)}</td>
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
