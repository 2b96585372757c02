/**
 * What never leaves the customer's browser.  rrweb is told to mask every input and the marked parts;
 * scrub() is the second lock behind it: it walks each event before it is sent and takes out whatever
 * could carry typed text or a script, whoever put it there.  Pure.
 *
 * Masked text becomes a fixed number of bullets, so that not even its length is told.
 */
import { EVENT_FULL, EVENT_INCREMENTAL, EVENT_META, type PageEvent } from './wire';

export const BULLETS = '••••••';

export const maskText = (text: string): string => (text.trim() ? BULLETS : text);

/** Sites mark what nobody may read; typing areas that are no form fields are marked for them. */
export const MASK_SELECTOR =
  '[data-tl-mask], [data-tl-mask] *, .tl-mask, .tl-mask *, [contenteditable]:not([contenteditable="false"]), '
  + '[contenteditable]:not([contenteditable="false"]) *';

/** Blocked parts are not sent at all; an empty box of their size stands for them. */
export const BLOCK_SELECTOR = '[data-tl-block], .tl-block';

const KEEP_VALUE = new Set(['submit', 'button', 'reset', 'image', 'checkbox', 'radio', 'range']);
const URL_ATTRIBUTES = new Set(['href', 'src', 'action', 'formaction', 'xlink:href', 'data',
  'poster', 'background', 'rr_src']);
const FORM_FIELDS = new Set(['input', 'textarea', 'select', 'option']);
const FRAMES = new Set(['iframe', 'frame', 'object', 'embed']);
const SOURCE_MUTATION = 0;
const SOURCE_INPUT = 5;

/** Addresses that are followed, not shown: what stands behind the path is nobody's business. */
const LINKS = new Set(['a', 'area', 'form', 'button', 'input']);
const LINK_ATTRIBUTES = new Set(['href', 'action', 'formaction', 'xlink:href']);

/** Words that stand in attributes; in a masked part they are masked like its text. */
const WORDS = new Set(['title', 'alt', 'placeholder', 'label', 'summary', 'content', 'value', 'cite', 'download',
  'aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext', 'aria-placeholder']);

type Attributes = Record<string, unknown>;
type Masked = (node: number) => boolean;
interface SerialNode {
  type?: number; tagName?: string; attributes?: Attributes; childNodes?: SerialNode[];
  textContent?: string;
}

/**
 * The event with everything taken out that must not be sent; the argument is not changed.
 * `masked` says of a node of the page whether it stands in a masked part.
 */
export function scrub(e: PageEvent, masked: Masked = () => false): PageEvent {
  const data = e.data as Record<string, unknown>;
  if (e.type === EVENT_META)
    return { ...e, data: { ...data, href: withoutQuery(String(data['href'] ?? '')) } };
  if (e.type === EVENT_FULL)
    return { ...e, data: { ...data, node: scrubNode(data['node'] as SerialNode, false) } };
  if (e.type !== EVENT_INCREMENTAL)
    return e;
  if (data['source'] === SOURCE_INPUT)
    return { ...e, data: { ...data, text: maskText(String(data['text'] ?? '')) } };
  if (data['source'] === SOURCE_MUTATION)
    return { ...e, data: scrubMutation(data, masked) };
  return e;
}

/**
 * The event without what happens inside nodes that are hidden (our own interface: rrweb leaves its
 * first picture out, but not what changes in its shadow root later); null: nothing is left.
 */
export function without(e: PageEvent, hidden: (node: number) => boolean): PageEvent | null {
  if (e.type !== EVENT_INCREMENTAL)
    return e;
  const data = e.data as Record<string, unknown>;
  if (data['source'] !== SOURCE_MUTATION)
    return typeof data['id'] === 'number' && hidden(data['id']) ? null : e;
  const keep = (list: unknown, key: string): unknown[] =>
    ((list ?? []) as Record<string, number>[]).filter(m => !hidden(m[key]!));
  const left = {
    adds: keep(data['adds'], 'parentId'), removes: keep(data['removes'], 'parentId'),
    texts: keep(data['texts'], 'id'), attributes: keep(data['attributes'], 'id'),
  };
  const any = Object.values(left).some(list => list.length) || data['isAttachIframe'];
  return any ? { ...e, data: { ...data, ...left } } : null;
}

function scrubMutation(data: Record<string, unknown>, masked: Masked): Record<string, unknown> {
  const adds = data['adds'] as { parentId: number; node: SerialNode }[] | undefined;
  const attributes = data['attributes'] as { id: number; attributes: Attributes }[] | undefined;
  const texts = data['texts'] as { id: number; value: string | null }[] | undefined;
  return {
    ...data,
    ...(adds ? { adds: adds.map(a => ({ ...a, node: scrubNode(a.node, masked(a.parentId)) })) } : {}),
    ...(texts ? { texts: texts.map(t => (
      t.value && masked(t.id) ? { ...t, value: maskText(t.value) } : t)) } : {}),
    ...(attributes ? { attributes: attributes.map(a => ({
      ...a, attributes: scrubAttributes(a.attributes, 'input', masked(a.id)) })) } : {}),
  };
}

/** The marks of MASK_SELECTOR, read from a serialised node. */
function isMarked({ attributes: a }: SerialNode): boolean {
  return !!a && ('data-tl-mask' in a || String(a['class'] ?? '').split(/\s+/).includes('tl-mask')
    || ('contenteditable' in a && a['contenteditable'] !== 'false'));
}

function scrubNode(node: SerialNode, inMasked: boolean): SerialNode {
  const tag = node.tagName?.toLowerCase();
  const masked = inMasked || isMarked(node);
  const out: SerialNode = { ...node };
  if (tag === 'script') /* keeps its place and its id, and nothing else */
    return { ...out, tagName: 'noscript', attributes: {}, childNodes: [] };
  if (masked && node.textContent)
    out.textContent = maskText(node.textContent);
  if (node.attributes && tag)
    out.attributes = scrubAttributes(node.attributes, tag, masked);
  if (node.childNodes)
    out.childNodes = tag === 'textarea' || tag === 'noscript' ? []
      : node.childNodes.map(child => scrubNode(child, masked));
  return out;
}

function scrubAttributes(attributes: Attributes, tag: string, masked: boolean): Attributes {
  const out: Attributes = {};
  const keep = KEEP_VALUE.has(String(attributes['type'] ?? '').toLowerCase());
  for (const [name, value] of Object.entries(attributes)) {
    const key = name.toLowerCase();
    if (key.startsWith('on') || key === 'srcdoc' || key === 'nonce' || key === 'integrity')
      continue;
    if (URL_ATTRIBUTES.has(key) && (FRAMES.has(tag) || isScriptUrl(value)))
      continue;
    const typed = key === 'value' && FORM_FIELDS.has(tag) && !keep;
    const words = masked && (WORDS.has(key) || (key.startsWith('data-') && key !== 'data-tl-mask'));
    if (typeof value === 'string' && (typed || words))
      out[name] = maskText(value);
    else if (typeof value === 'string' && LINKS.has(tag) && LINK_ATTRIBUTES.has(key))
      out[name] = withoutQuery(value);
    else
      out[name] = value;
  }
  return out;
}

/** Browsers ignore blanks and control characters before and inside the scheme. */
function isScriptUrl(value: unknown): boolean {
  const text = String(value).replace(/[\u0000-\u0020]/g, '').toLowerCase();
  return text.startsWith('javascript:') || text.startsWith('vbscript:')
    || text.startsWith('data:text/html');
}

function withoutQuery(href: string): string {
  return href.replace(/[?#].*$/, '');
}
