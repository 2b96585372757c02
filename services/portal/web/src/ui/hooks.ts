/** Preact hooks shared by widget, desk and board. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Store } from '../lib/store';

/** The store's value; the component renders again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [value, set] = useState(() => store.get());
  useEffect(() => {
    set(store.get()); /* it may have changed between render and effect */
    return store.subscribe(set);
  }, [store]);
  return value;
}

/** Wall-clock milliseconds, renewed every second while the page is visible. */
export function useNow(period_ms = 1000): number {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const t = setInterval(() => set(Date.now()), period_ms);
    return () => clearInterval(t);
  }, [period_ms]);
  return now;
}

/** What had the focus is gone (an accepted offer, an ended call): go on here, not at the page's top. */
export function useFocusWhenLost<E extends HTMLElement>() {
  const ref = useRef<E>(null);
  useEffect(() => {
    if (!document.activeElement || document.activeElement === document.body)
      ref.current?.focus({ preventScroll: true });
  }, []);
  return ref;
}

/** Put a stream into an <audio> or <video> element and start it. */
export function useStream<E extends HTMLMediaElement>(stream: MediaStream | null) {
  const ref = useRef<E>(null);
  useEffect(() => {
    const el = ref.current;
    if (!el || el.srcObject === stream)
      return;
    el.srcObject = stream;
    if (stream)
      playWhenAllowed(el);
  }, [stream]);
  return ref;
}

/** Start playing now, or at the next gesture if the browser wants one first. */
export function playWhenAllowed(el: HTMLMediaElement): void {
  el.play().catch(() => {
    const again = () => void el.play().catch(() => undefined);
    addEventListener('pointerdown', again, { once: true });
    addEventListener('keydown', again, { once: true });
  });
}
