/** /shop/product/<sku>: one thing. */
import { useState } from 'preact/hooks';
import { money } from '../lib/format';
import { add } from './basket-store';
import { show } from './frame';
import { ProductPicture } from './pictures';
import { CURRENCY, product, PRODUCTS } from './products';

const sku = location.pathname.split('/').filter(Boolean)[2] ?? '';
const p = product(sku);
if (p)
  document.title = `${p.name} · Larch & Lane`;

function ProductPage() {
  const [added, setAdded] = useState(false);
  if (!p)
    return <div class="narrow"><h1>We do not have that</h1>
      <p>It may be sold out for good. <a href="/shop/">See what there is.</a></p></div>;
  const others = PRODUCTS.filter(o => o.sku !== p.sku && o.kind === p.kind).slice(0, 3);
  return (
    <>
      <article class="product">
        <ProductPicture p={p} />
        <div>
          <p class="kicker">{p.kind}</p>
          <h1>{p.name}</h1>
          <p class="rating" aria-label={`${p.rating} of 5 stars from ${p.reviews} reviews`}>
            <span aria-hidden="true">{'★'.repeat(Math.round(p.rating))}</span> {p.rating} · {p.reviews}
            {' '}reviews</p>
          <p class="price big">{money(p.price, CURRENCY)}
            {p.was && <s>{money(p.was, CURRENCY)}</s>}</p>
          <p class="text">{p.text}</p>
          <div class="row">
            <button class="button" data-testid="add-to-basket" onClick={() => {
              add(p.sku);
              setAdded(true);
            }}>Add to basket</button>
            {added && <a class="button quiet" href="/shop/basket" role="status">
              Added. See the basket</a>}
          </div>
          <dl class="facts">{p.facts.map(([k, v]) =>
            <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>
        </div>
      </article>
      {others.length > 0 && <section><h2>Goes with it</h2>
        <ul class="grid three">{others.map(o => (
          <li class="item" key={o.sku}><a href={`/shop/product/${o.sku}`}><ProductPicture p={o} />
            <h3>{o.name}</h3><p>{money(o.price, CURRENCY)}</p></a></li>
        ))}</ul></section>}
    </>
  );
}

show(ProductPage);
