/** The ringing card: who, where, what for, and why this agent.  Enter accepts, Escape declines. */
import { useEffect, useRef } from 'preact/hooks';
import type { ContactCard, Offer } from '../lib/api';
import { channelName, clock, words } from '../lib/format';
import { useNow } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { CustomerCard, Who } from './card';
import type { Desk } from './desk';
import type { DeskState } from './state';

export function Ringing({ desk, s }: { desk: Desk; s: DeskState }) {
  const offer = s.offers[0];
  return offer ? <RingCard key={offer.offer_id} desk={desk} offer={offer}
    card={s.cards[offer.contact_id ?? '']} more={s.offers.length - 1} /> : null;
}

interface RingProps { desk: Desk; offer: Offer; card?: ContactCard; more: number }

function RingCard({ desk, offer, card, more }: RingProps) {
  const accept = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const typing = document.activeElement?.matches('input, textarea, select');
    if (!typing)
      accept.current?.focus(); /* Enter answers; somebody who writes is not interrupted */
  }, []);
  return (
    <section class="ringing" role="alertdialog" aria-labelledby="ring-title" data-testid="ringing"
      onKeyDown={e => e.key === 'Escape' && desk.decline(offer)}>
      <header>
        <span class="bell" aria-hidden="true"><Icon name={offer.channel === 'CHANNEL_CHAT' ? 'chat'
          : offer.channel === 'CHANNEL_VIDEO' ? 'video' : 'phone'} size={24} /></span>
        <div class="grow" aria-live="assertive">
          <p class="kicker">{channelName(offer.channel)} · {words(offer.queue ?? '')}
            {' · waited '}{clock((offer.waited_ms ?? 0) / 1000)}{more > 0 && ` · ${more} more`}</p>
          <h2 id="ring-title"><Who card={card} /></h2>
        </div>
        <Countdown until_us={offer.expires_at_us ?? 0} />
      </header>
      <p class="why" data-testid="why"><Icon name="spark" size={16} />
        <span><b>Why you:</b> {offer.why || 'no reason was given'}</span></p>
      <div class="ring-body">{card ? <CustomerCard card={card} compact />
        : <p class="empty">The details are on their way…</p>}</div>
      <footer>
        <button ref={accept} class="accept" data-testid="accept" aria-keyshortcuts="Enter"
          onClick={() => desk.accept(offer)}><Icon name="phone" />Accept<kbd>Enter</kbd></button>
        <button class="decline" data-testid="decline" aria-keyshortcuts="Escape"
          onClick={() => desk.decline(offer)}>Decline<kbd>Esc</kbd></button>
      </footer>
    </section>
  );
}

function Countdown({ until_us }: { until_us: number }) {
  const now = useNow(500);
  const left = Math.max(0, Math.ceil((until_us / 1000 - now) / 1000));
  return <span class="countdown" role="timer" aria-label={`${left} seconds left`}>{left}</span>;
}
