/** /shop/: what there is. */
import { useState } from 'preact/hooks';
import { money } from '../lib/format';
import { add } from './basket-store';
import { show } from './frame';
import { Picture, ProductPicture } from './pictures';
import { byKind, CURRENCY, KINDS, type Product } from './products';

function Catalogue() {
  const [kind, setKind] = useState('');
  return (
    <>
      <section class="hero">
        <div>
          <h1>Gear for going far, from people who went.</h1>
          <p>Ten things we would take ourselves. If you are not sure, press Help: somebody who has
            worn it answers, face to face.</p>
          <a class="button" href="/shop/trip">Plan a trip</a>
        </div>
        <Picture name="tent" tint="moss" label="A tent before hills" />
      </section>
      <div class="filters" role="group" aria-label="Kind">
        {['', ...KINDS].map(k => (
          <button key={k} class={k === kind ? 'chip on' : 'chip'} aria-pressed={k === kind}
            onClick={() => setKind(k)}>{k || 'All gear'}</button>
        ))}
      </div>
      <ul class="grid">{byKind(kind).map(p => <Item key={p.sku} p={p} />)}</ul>
    </>
  );
}

function Item({ p }: { p: Product }) {
  const [added, setAdded] = useState(false);
  return (
    <li class="item" data-testid={`item-${p.sku}`}>
      <a href={`/shop/product/${p.sku}`} data-testid={`product-${p.sku}`}>
        <ProductPicture p={p} />
        <h2>{p.name}</h2>
        <p>{p.line}</p>
      </a>
      <div class="buy">
        <span class="price">{money(p.price, CURRENCY)}
          {p.was && <s>{money(p.was, CURRENCY)}</s>}</span>
        <button class="small" data-testid={`add-${p.sku}`} aria-label={`Add ${p.name} to the basket`}
          onClick={() => {
            add(p.sku);
            setAdded(true);
            setTimeout(() => setAdded(false), 1500);
          }}>{added ? 'Added ✓' : 'Add'}</button>
      </div>
    </li>
  );
}

show(Catalogue);
