/** What every page of the shop has: header, basket count, sign-in, footer. */
import { render, type ComponentChildren, type ComponentType } from 'preact';
import { useState } from 'preact/hooks';
import './shop.css';
import { useStore } from '../ui/hooks';
import { basket, count } from './basket-store';
import { signedIn, signInDemo, signOut } from './threadline';

export function show(Page: ComponentType): void {
  render(<Frame><Page /></Frame>, document.getElementById('app')!);
}

const here = (path: string): boolean => location.pathname.replace(/\/$/, '') === path;

function Frame({ children }: { children: ComponentChildren }) {
  const entries = useStore(basket);
  const link = (href: string, text: string) =>
    <a href={href} aria-current={here(href.replace(/\/$/, '')) ? 'page' : undefined}>{text}</a>;
  return (
    <>
      <p class="ribbon">Free delivery above 80 € · 60 days to send it back, muddy or not</p>
      <header class="head">
        <a class="brand" href="/shop/"><Mark />Larch &amp; Lane</a>
        <nav aria-label="Shop">{link('/shop/', 'Gear')}{link('/shop/trip', 'Plan your trip')}</nav>
        <Account />
        <a class="basket-link" href="/shop/basket" data-testid="basket-link"
          aria-label={`Basket, ${count(entries)} items`}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M4 9h16l-1.5 11h-13L4 9ZM8 9l3-6M16 9l-3-6" /></svg>
          <span data-testid="basket-count">{count(entries)}</span>
        </a>
      </header>
      <main class="shop">{children}</main>
      <footer class="foot">
        <p><b>Larch &amp; Lane</b> is a demo shop. Nothing is sold or sent; the help is real.</p>
        <p>Repairs · Rental · Size help · Delivery</p>
      </footer>
    </>
  );
}

function Account() {
  const [customer, setCustomer] = useState(signedIn);
  const [error, setError] = useState('');
  if (customer)
    return (
      <span class="account"><span data-testid="customer">{customer.name}</span>
        <span class="tier">{customer.tier}</span>
        <button class="link" data-testid="shop-signout" onClick={() => {
          signOut();
          setCustomer(null);
        }}>Sign out</button></span>
    );
  return (
    <span class="account">
      {error && <span role="alert">{error}</span>}
      <button class="link" data-testid="shop-signin" onClick={() => {
        signInDemo().then(setCustomer, (e: Error) => setError(e.message));
      }}>Sign in<span class="wide-only"> as a demo customer</span></button>
    </span>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 3 7 15h4l-6 8h9v6h4v-6h9l-6-8h4L16 3Z" />
    </svg>
  );
}
