/** /shop/trip: plan a trip; a question that is easier asked than searched. */
import { useState } from 'preact/hooks';
import { money } from '../lib/format';
import { show } from './frame';
import { Picture } from './pictures';
import { CURRENCY, MONTHS, TRIPS } from './products';

const WALKS = ['Day walks', 'Some huts', 'I sleep on ridges'];
const TINTS = ['sea', 'moss', 'ink'];

function TripPage() {
  const [trip, setTrip] = useState(TRIPS[0]!);
  const [people, setPeople] = useState(2);
  const [month, setMonth] = useState('July');
  const [walk, setWalk] = useState(WALKS[1]!);
  const [guide, setGuide] = useState(false);
  const guideCost = guide ? 24000 * trip.nights : 0;
  return (
    <div class="trip">
      <h1>Plan your trip</h1>
      <p class="lead">Three routes that we know by heart. Choose one, tell us who comes, and press Help
        if you want to talk it over with somebody who has walked it.</p>
      <ul class="grid three" aria-label="Route">
        {TRIPS.map((t, n) => (
          <li key={t.id}>
            <button class={t.id === trip.id ? 'route on' : 'route'}
              aria-pressed={t.id === trip.id} data-testid={`trip-${t.id}`}
              onClick={() => setTrip(t)}>
              <Picture name={n === 1 ? 'bike' : n === 0 ? 'map' : 'tent'} tint={TINTS[n]!}
                label={t.name} />
              <b>{t.name}</b><span>{t.region} · {t.nights} nights</span><small>{t.line}</small>
            </button>
          </li>
        ))}
      </ul>
      <div class="planner">
        <label class="field">How many people
          <input type="number" min={1} max={8} value={people} data-testid="trip-people"
            onInput={e => setPeople(Math.min(8, Math.max(1, Number(e.currentTarget.value) || 1)))} />
        </label>
        <label class="field">When
          <select value={month} onChange={e => setMonth(e.currentTarget.value)}>
            {MONTHS.map(m => <option key={m}>{m}</option>)}</select>
        </label>
        <label class="field">How you walk
          <select value={walk} onChange={e => setWalk(e.currentTarget.value)}>
            {WALKS.map(w => <option key={w}>{w}</option>)}</select>
        </label>
        <label class="option"><input type="checkbox" checked={guide}
          onChange={e => setGuide(e.currentTarget.checked)} />
          <span class="grow"><b>With a guide</b> one for up to six people</span></label>
      </div>
      <div class="sum"><span>{trip.name}, {month}, {people} {people === 1 ? 'person' : 'people'}
        {trip.id === 'high' && walk === WALKS[0] && ': please talk to us first'}</span>
        <b data-testid="trip-total">{money(trip.price * people + guideCost, CURRENCY)}</b></div>
    </div>
  );
}

show(TripPage);
