/** The few DOM helpers of the launcher; the framework is only in the parts that load later. */

type Attrs = Record<string, string | ((e: Event) => void)>;

export function h(tag: string, attrs: Attrs = {}, ...children: (Node | string)[]): HTMLElement {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs))
    if (typeof v === 'function')
      el.addEventListener(k, v);
    else
      el.setAttribute(k, v);
  el.append(...children);
  return el;
}

const NS = 'http://www.w3.org/2000/svg';

/** A 24 x 24 line icon. */
export function icon(path: string): SVGElement {
  const svg = document.createElementNS(NS, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const p = document.createElementNS(NS, 'path');
  p.setAttribute('d', path);
  svg.append(p);
  return svg;
}

/** Give a shadow root its style without an inline style element, which a strict CSP would refuse. */
export function adopt(root: ShadowRoot, css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
