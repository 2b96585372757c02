/** /shop/basket. */
import { money } from '../lib/format';
import { useStore } from '../ui/hooks';
import { basket, setQuantity, total } from './basket-store';
import { show } from './frame';
import { ProductPicture } from './pictures';
import { CURRENCY, product } from './products';

function BasketPage() {
  const entries = useStore(basket);
  if (!entries.length)
    return <div class="narrow"><h1>Your basket is empty</h1>
      <p>Light is good. <a href="/shop/">Look around.</a></p></div>;
  return (
    <div class="narrow wide">
      <h1>Your basket</h1>
      <ul class="lines">
        {entries.map(e => {
          const p = product(e.sku)!;
          return (
            <li key={e.sku} data-testid={`line-${e.sku}`}>
              <ProductPicture p={p} />
              <div class="grow"><a href={`/shop/product/${p.sku}`}><b>{p.name}</b></a><p>{p.line}</p>
                <div class="amount">
                  <button aria-label={`One ${p.name} less`}
                    onClick={() => setQuantity(e.sku, e.quantity - 1)}>−</button>
                  <span aria-live="polite">{e.quantity}</span>
                  <button aria-label={`One ${p.name} more`}
                    onClick={() => setQuantity(e.sku, e.quantity + 1)}>+</button>
                  <button class="link" onClick={() => setQuantity(e.sku, 0)}>Remove</button>
                </div>
              </div>
              <span class="price">{money(p.price * e.quantity, CURRENCY)}</span>
            </li>
          );
        })}
      </ul>
      <div class="sum"><span>Total</span>
        <b data-testid="basket-total">{money(total(entries), CURRENCY)}</b></div>
      <a class="button wide" href="/shop/checkout" data-testid="to-checkout">To the checkout</a>
    </div>
  );
}

show(BasketPage);
