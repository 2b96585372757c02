/** The agent's pointer and drawings over the customer's page; clicks go through it. */
import { addStroke, noMarks, paint } from './paint';
import type { AgentFrame } from './wire';

const POINTER_MS = 4000; // a pointer that rests disappears

export class PageOverlay {
  private readonly canvas = document.createElement('canvas');
  private readonly marks = noMarks();
  private highlighted: Element | null = null;
  private pointerAt = 0;
  private frame = 0;
  private readonly refresh = () => this.schedule();

  /** `root` is the widget's shadow root: the page's own styles do not reach the canvas. */
  constructor(private readonly root: ShadowRoot) {
    this.canvas.className = 'overlay';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.canvas.setAttribute('data-testid', 'cobrowse-overlay');
  }

  mount(): void {
    this.root.prepend(this.canvas); /* below the panel */
    addEventListener('scroll', this.refresh, { passive: true, capture: true });
    addEventListener('resize', this.refresh);
  }

  remove(): void {
    cancelAnimationFrame(this.frame);
    removeEventListener('scroll', this.refresh, { capture: true });
    removeEventListener('resize', this.refresh);
    this.canvas.remove();
  }

  /** `find` gives the element of an rrweb node id, if it is still in the page. */
  show(f: AgentFrame, find: (node: number) => Element | null): void {
    if (f.t === 'pointer') {
      this.marks.pointer = [f.x, f.y];
      this.pointerAt = performance.now();
      setTimeout(this.refresh, POINTER_MS + 50);
    } else if (f.t === 'draw') {
      addStroke(this.marks, f);
    } else if (f.t === 'highlight') {
      this.highlighted = find(f.node);
      this.highlighted?.scrollIntoView({ block: 'nearest', behavior: calm() ? 'auto' : 'smooth' });
    } else {
      this.marks.strokes.clear();
      this.highlighted = null;
    }
    /* so that tests and assistive scripts can see what is shown */
    this.canvas.dataset['strokes'] = String(this.marks.strokes.size);
    this.canvas.dataset['highlight'] = this.highlighted ? '1' : '';
    this.canvas.dataset['pointer'] = this.marks.pointer?.join(',') ?? '';
    this.schedule();
  }

  private schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      if (performance.now() - this.pointerAt > POINTER_MS)
        this.marks.pointer = null;
      this.marks.highlight = this.highlighted?.isConnected
        ? this.highlighted.getBoundingClientRect() : null;
      paint(this.canvas, this.marks, { x: scrollX, y: scrollY }, 1);
    });
  }
}

const calm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
