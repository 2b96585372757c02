/** Who the customer is and what they did: name, tier, place, path with times, basket, history. */
import type { ComponentChildren } from 'preact';
import type { Basket, ChatMessage, ContactCard, EarlierContact, PageView } from '../lib/api';
import { ago, channelName, dwell, money, pageNames, words } from '../lib/format';
import { useNow } from '../ui/hooks';
import { Icon, type IconName } from '../ui/icons';

const PATH_SHOWN = 8;

export function Who({ card }: { card?: ContactCard }) {
  if (!card)
    return <>Somebody is calling</>;
  const tier = card.tier || card.visit?.tier;
  return (
    <span class="whois" data-testid="card-who">
      {card.customer?.display_name || card.visit?.customer_name || 'Visitor'}
      {card.known_customer && tier && <span class={`tier ${tier}`}>{words(tier)}</span>}
      {!card.known_customer && <span class="tier">Not signed in</span>}
    </span>
  );
}

export function CustomerCard({ card, compact }: { card: ContactCard; compact?: boolean }) {
  return (
    <div class="customer" data-testid="contact-card">
      {!compact && <h2><Who card={card} /></h2>}
      <Part icon="eye" title="Now on" id="card-where">
        <p class="where"><b>{words(card.section ?? '') || 'The site'}</b>
          <span class="url">{card.page_url}</span></p>
        {card.cobrowse_consent && <p class="ok"><Icon name="check" size={16} />
          Agreed to show the page</p>}
      </Part>
      <Part icon="basket" title="Basket" id="card-basket"><BasketLines b={card.visit?.basket} /></Part>
      <Part icon="route" title="Path" id="card-path"><Path pages={card.visit?.path ?? []} /></Part>
      <Part icon="history" title="Earlier contacts" id="card-earlier">
        <Earlier list={card.earlier ?? []} /></Part>
      {!compact && card.visit && <p class="fine">
        {[card.visit.user_agent_family, card.visit.referrer && `came from ${card.visit.referrer}`]
          .filter(Boolean).join(' · ')}</p>}
    </div>
  );
}

interface PartProps { icon: IconName; title: string; id: string; children: ComponentChildren }

function Part({ icon, title, id, children }: PartProps) {
  return (
    <section class="part" data-testid={id}>
      <h3><Icon name={icon} size={16} />{title}</h3>
      {children}
    </section>
  );
}

function BasketLines({ b }: { b?: Basket }) {
  if (!b?.items?.length)
    return <p class="empty">Empty.</p>;
  const currency = b.currency || 'EUR';
  return (
    <table class="lines">
      <tbody>
        {b.items.map(i => (
          <tr key={i.sku}>
            <td>{i.quantity ?? 1} ×</td><td>{i.name || i.sku}</td>
            <td class="num">{money((i.unit_price_minor ?? 0) * (i.quantity ?? 1), currency)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot><tr><td /><td>Total</td>
        <td class="num">{money(b.total_minor ?? 0, currency)}</td></tr></tfoot>
    </table>
  );
}

/** The visit as stops: a page that was only loaded again is one stop. */
export function path(pages: PageView[]): { url: string; name: string; dwell_ms: number }[] {
  const names = pageNames(pages);
  const stops: { url: string; name: string; dwell_ms: number }[] = [];
  pages.forEach((p, n) => {
    const last = stops.at(-1);
    if (last && last.url === p.url)
      last.dwell_ms += p.dwell_ms ?? 0;
    else
      stops.push({ url: p.url ?? '', name: names[n]!, dwell_ms: p.dwell_ms ?? 0 });
  });
  return stops;
}

/** Newest first: the agent wants to know where the customer comes from, not where they began. */
function Path({ pages }: { pages: PageView[] }) {
  if (!pages.length)
    return <p class="empty">Nothing yet.</p>;
  const stops = path(pages);
  const shown = [...stops].reverse().slice(0, PATH_SHOWN);
  return (
    <ol class="path">
      {shown.map((p, n) => (
        <li key={n} class={n === 0 ? 'now' : ''}>
          <span class="grow" title={p.url}>{p.name}</span>
          <span class="num">{dwell(p.dwell_ms)}</span>
        </li>
      ))}
      {stops.length > PATH_SHOWN && <li class="more">and {stops.length - PATH_SHOWN} before</li>}
    </ol>
  );
}

/** What was written then. */
function Written({ lines }: { lines: ChatMessage[] }) {
  return (
    <details class="written" data-testid="card-written">
      <summary>{lines.length === 1 ? 'One message' : `${lines.length} messages`}</summary>
      {lines.map(l => <p key={l.message_id}><b>{l.from_name || 'Customer'}:</b> {l.text}</p>)}
    </details>
  );
}

function Earlier({ list }: { list: EarlierContact[] }) {
  const now = useNow(60_000);
  if (!list.length)
    return <p class="empty">This is the first one.</p>;
  return (
    <ul class="earlier">
      {list.map(c => (
        <li key={c.contact_id}>
          <p><b>{channelName(c.channel)}</b> {ago((c.started_at_us ?? 0) / 1000, now)}
            {c.agent_name && ` with ${c.agent_name}`}
            {c.disposition && <span class="tag">{words(c.disposition)}</span>}</p>
          {c.note && <p class="note">{c.note}</p>}
          {!!c.messages?.length && <Written lines={c.messages} />}
        </li>
      ))}
    </ul>
  );
}
