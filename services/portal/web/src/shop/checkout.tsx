/** /shop/checkout: the page where people hesitate, and where masking has to hold. */
import { useState } from 'preact/hooks';
import { money } from '../lib/format';
import { useStore } from '../ui/hooks';
import { basket, count, total } from './basket-store';
import { show } from './frame';
import { CURRENCY, product } from './products';
import { signedIn } from './threadline';

const DELIVERY = [
  { id: 'post', name: 'Post', when: '2 to 4 days', price: 0 },
  { id: 'bike', name: 'Bike courier', when: 'tomorrow before noon', price: 990 },
  { id: 'hut', name: 'To a hut on your route', when: 'by the day you arrive', price: 1490 },
];

function Checkout() {
  const entries = useStore(basket);
  const [delivery, setDelivery] = useState(DELIVERY[0]!);
  const [done, setDone] = useState(false);
  if (done)
    return <div class="narrow"><h1>That was the demo</h1>
      <p>Nothing was ordered and nothing was stored. <a href="/shop/">Back to the gear.</a></p></div>;
  const pay = (e: Event) => {
    e.preventDefault();
    basket.set([]);
    setDone(true);
  };
  return (
    <form class="checkout" onSubmit={pay}>
      <div>
        <h1>Checkout</h1>
        <fieldset>
          <legend>Where to</legend>
          <Field label="Name" id="name" autocomplete="name" value={signedIn()?.name ?? ''} />
          <Field label="E-mail" id="email" type="email" autocomplete="email" />
          <Field label="Street and number" id="street" autocomplete="street-address" />
          <div class="two"><Field label="Postcode" id="postcode" autocomplete="postal-code" />
            <Field label="Town" id="town" autocomplete="address-level2" /></div>
        </fieldset>
        <fieldset>
          <legend>How</legend>
          {DELIVERY.map(d => (
            <label key={d.id} class={d.id === delivery.id ? 'option on' : 'option'}>
              <input type="radio" name="delivery" checked={d.id === delivery.id}
                onChange={() => setDelivery(d)} />
              <span class="grow"><b>{d.name}</b> {d.when}</span>
              <span>{d.price ? money(d.price, CURRENCY) : 'free'}</span>
            </label>
          ))}
        </fieldset>
        <fieldset>
          <legend>Pay by card</legend>
          <Field label="Card number" id="card" autocomplete="cc-number" inputMode="numeric" />
          <div class="two"><Field label="Valid until" id="expiry" autocomplete="cc-exp" />
            <Field label="Security code" id="cvc" type="password" autocomplete="cc-csc" /></div>
          <label class="field">Note for the parcel
            <textarea id="note" rows={2} data-testid="checkout-note" /></label>
        </fieldset>
      </div>
      <aside class="summary">
        <h2>{count(entries)} {count(entries) === 1 ? 'thing' : 'things'}</h2>
        <ul>{entries.map(e => {
          const p = product(e.sku)!;
          return <li key={e.sku}><span class="grow">{e.quantity} × {p.name}</span>
            <span>{money(p.price * e.quantity, CURRENCY)}</span></li>;
        })}</ul>
        {!entries.length && <p>Your basket is empty. <a href="/shop/">Look around.</a></p>}
        <div class="sum small"><span>Delivery</span><span>{money(delivery.price, CURRENCY)}</span></div>
        <div class="sum"><span>Total</span>
          <b data-testid="checkout-total">{money(total(entries) + delivery.price, CURRENCY)}</b></div>
        <p class="points" data-tl-mask data-testid="masked-text">Loyalty number 4471 0093 2286</p>
        <button class="button wide" disabled={!entries.length} data-testid="pay">Pay</button>
        <p class="fine">A demo: do not enter a real card.</p>
      </aside>
    </form>
  );
}

interface FieldProps {
  label: string; id: string; type?: string; autocomplete?: string; inputMode?: 'numeric';
  value?: string;
}

function Field({ label, id, type, autocomplete, inputMode, value }: FieldProps) {
  return (
    <label class="field">{label}
      <input id={id} name={id} type={type ?? 'text'} autocomplete={autocomplete as 'name'}
        inputMode={inputMode} defaultValue={value} data-testid={`checkout-${id}`} />
    </label>
  );
}

show(Checkout);
