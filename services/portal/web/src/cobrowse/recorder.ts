/**
 * The customer's side of a shared page: rrweb watches the page, scrub() takes out what must stay, the
 * rest goes to the room; what the agent points at comes back onto the overlay.
 */
import { record, type eventWithTime } from 'rrweb';
import type { RoomChannel } from './channel';
import { BLOCK_SELECTOR, MASK_SELECTOR, maskText, scrub, without } from './mask';
import { PageOverlay } from './overlay';
import { EVENT_FULL, EVENT_META, type PageEvent, type RoomFrame } from './wire';

const MAX_EVENT = 60_000; // a frame may have 64 KiB; a bigger change is told as a new picture
const MAX_FULL = 2_000_000; // the room takes 2 MiB
const FULL_GAP_MS = 500; // pictures are dear: at most two a second

export interface Recording { stop(): void }

export function startRecording(
  room: RoomChannel, root: ShadowRoot, onTooBig: () => void,
): Recording {
  const overlay = new PageOverlay(root);
  let seq = 0;
  let meta: PageEvent | null = null;
  let lastFull = 0;
  let fullTimer: ReturnType<typeof setTimeout> | null = null;

  const full = () => {
    if (fullTimer)
      return;
    const wait = Math.max(0, lastFull + FULL_GAP_MS - performance.now());
    fullTimer = setTimeout(() => {
      fullTimer = null;
      lastFull = performance.now();
      record.takeFullSnapshot();
    }, wait);
  };

  const send = (t: 'full' | 'ev', d: PageEvent): boolean => {
    const text = JSON.stringify({ t, seq: seq + 1, d });
    const bytes = text.length > MAX_EVENT / 3 ? new Blob([text]).size : text.length;
    if (t === 'ev' && bytes > MAX_EVENT) {
      full();
      return false;
    }
    if (bytes > MAX_FULL) {
      onTooBig();
      return false;
    }
    seq++;
    room.sendText(text);
    return true;
  };

  const isOurs = (id: number): boolean => {
    const node = record.mirror.getNode(id) as Node | null;
    return node !== null && (node === root.host || node.getRootNode() === root);
  };

  const emit = (raw: eventWithTime) => {
    const theirs = without(raw as unknown as PageEvent, isOurs);
    if (!theirs)
      return;
    const e = scrub(theirs, isMasked);
    if (e.type === EVENT_META) {
      meta = e; /* sent behind its picture, so that somebody who joins late gets both */
    } else if (e.type === EVENT_FULL) {
      lastFull = performance.now();
      if (send('full', e) && meta)
        send('ev', meta);
    } else {
      send('ev', e);
    }
  };

  const off = room.on('frame', (f: RoomFrame) => {
    if (f.t === 'need_full')
      full();
    else if (f.t === 'pointer' || f.t === 'draw' || f.t === 'clear' || f.t === 'highlight')
      overlay.show(f, nodeOf);
  });

  overlay.mount();
  const stopRrweb = record({
    emit,
    maskAllInputs: true,
    maskInputFn: maskText,
    maskTextSelector: MASK_SELECTOR,
    maskTextFn: maskText,
    blockSelector: BLOCK_SELECTOR,
    slimDOMOptions: { script: true, comment: true, headFavicon: true, headMetaSocial: true,
      headMetaRobots: true, headMetaHttpEquiv: true, headMetaVerification: true,
      headMetaAuthorship: true },
    inlineStylesheet: true,
    collectFonts: false,
    recordCanvas: false,
    recordCrossOriginIframes: false,
    sampling: { mousemove: 50, mousemoveCallback: 200, scroll: 100, input: 'last' },
  });

  return {
    stop() {
      off();
      if (fullTimer)
        clearTimeout(fullTimer);
      stopRrweb?.();
      overlay.remove();
    },
  };
}

function isMasked(id: number): boolean {
  return nodeOf(id)?.closest(MASK_SELECTOR) != null;
}

function nodeOf(id: number): Element | null {
  const node = record.mirror.getNode(id) as Node | null;
  return node instanceof Element ? node : node?.parentElement ?? null;
}
