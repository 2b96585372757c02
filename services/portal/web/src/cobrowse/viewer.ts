/**
 * The agent's side of a shared page: rrweb rebuilds it in a frame without scripts (sandboxed), a
 * canvas above it takes the agent's pointer, pen and highlighter and sends them in the customer's
 * document coordinates.
 */
import { Replayer, type eventWithTime } from 'rrweb';
import 'rrweb/dist/style.css';
import { fit, stageToDocument, thin, type Scroll } from './coords';
import { addStroke, noMarks, paint, type Stroke } from './paint';
import { EVENT_META, type AgentFrame, type CustomerFrame, type PageEvent, type Point } from './wire';

export type ToolName = 'pointer' | 'pen' | 'highlight';

const COLOR = '#e5484d';
const WIDTH = 4;
const SEND_MS = 50; // at most 20 pointer frames a second
const THIN_PX = 2;
const STEP_PX = 12; // an arrow key, on our screen
const LEAP_PX = 60; // with Shift

const ARROWS: Record<string, Point> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

export class PageViewer {
  tool: ToolName = 'pointer';
  private readonly replayer: Replayer;
  private readonly frameBox = document.createElement('div');
  private readonly canvas = document.createElement('canvas');
  private readonly marks = noMarks();
  private readonly watch: ResizeObserver;
  private size = { width: 1280, height: 720 };
  private scale = 1;
  private skew: number | null = null; // our clock minus the customer's
  private stroke: Stroke | null = null;
  private highlighted = 0;
  private lastSent = 0;
  private cursor: Point = [0, 0]; // on the canvas, moved by the mouse or by arrow keys
  private timer: ReturnType<typeof setInterval>;

  constructor(private readonly stage: HTMLElement, private readonly send: (f: AgentFrame) => void) {
    this.frameBox.className = 'page-frame';
    this.canvas.className = 'page-canvas';
    this.canvas.setAttribute('data-testid', 'cobrowse-canvas');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'application');
    this.canvas.setAttribute('aria-label', "The customer's page. Arrow keys move the pointer; Enter "
      + 'highlights, or with the pen begins and ends a line.');
    stage.append(this.frameBox, this.canvas);
    this.replayer = new Replayer([], {
      root: this.frameBox, liveMode: true, mouseTail: false, showWarning: false, triggerFocus: false,
      UNSAFE_replayCanvas: false, pauseAnimation: false, showDebug: false,
    });
    this.replayer.iframe.setAttribute('data-testid', 'cobrowse-frame');
    this.replayer.iframe.setAttribute('title', "The customer's page");
    this.replayer.on('resize', size => this.resized(size as { width: number; height: number }));
    this.watch = new ResizeObserver(() => this.layout());
    this.watch.observe(stage);
    this.timer = setInterval(() => this.repaint(), 100); /* the page scrolls below the marks */
    this.listen();
  }

  feed(f: CustomerFrame): void {
    if (this.skew === null) {
      this.skew = Date.now() - f.d.timestamp;
      this.replayer.startLive(Date.now());
    }
    if (f.d.type === EVENT_META)
      this.resized(f.d.data as { width: number; height: number });
    const event: PageEvent = { ...f.d, timestamp: f.d.timestamp + this.skew };
    this.replayer.addEvent(event as unknown as eventWithTime);
  }

  clear(): void {
    this.marks.strokes.clear();
    this.highlighted = 0;
    this.send({ t: 'clear' });
    this.repaint();
  }

  destroy(): void {
    clearInterval(this.timer);
    this.watch.disconnect();
    this.replayer.destroy();
    this.frameBox.remove();
    this.canvas.remove();
  }

  /* ---- geometry ---- */

  private resized(size: { width: number; height: number }): void {
    this.size = { width: size.width, height: size.height };
    this.layout();
  }

  private layout(): void {
    const { clientWidth, clientHeight } = this.stage;
    this.scale = fit(this.size, { width: clientWidth, height: clientHeight });
    const w = Math.floor(this.size.width * this.scale);
    const h = Math.floor(this.size.height * this.scale);
    for (const el of [this.frameBox, this.canvas]) {
      el.style.width = `${w}px`;
      el.style.height = `${h}px`;
    }
    this.replayer.wrapper.style.transform = `scale(${this.scale})`;
    this.repaint();
  }

  private scroll(): Scroll {
    const w = this.replayer.iframe.contentWindow;
    return { x: w?.scrollX ?? 0, y: w?.scrollY ?? 0 };
  }

  private follow(e: PointerEvent): void {
    const box = this.canvas.getBoundingClientRect();
    this.cursor = [e.clientX - box.left, e.clientY - box.top];
    this.marks.pointer = null;
  }

  /** Where the cursor is on the customer's page. */
  private at(): Point {
    return stageToDocument(this.cursor, this.scale, this.scroll());
  }

  private repaint(): void {
    const node = this.highlighted ? this.replayer.getMirror().getNode(this.highlighted) : null;
    this.marks.highlight = node && 'getBoundingClientRect' in node
      ? (node as unknown as Element).getBoundingClientRect() : null;
    paint(this.canvas, this.marks, this.scroll(), this.scale);
  }

  /* ---- tools ---- */

  private listen(): void {
    const on = (type: 'pointerdown' | 'pointermove', fn: () => void) =>
      this.canvas.addEventListener(type, e => {
        this.follow(e);
        if (type === 'pointerdown' && this.tool === 'pen')
          this.canvas.setPointerCapture(e.pointerId);
        fn();
      });
    on('pointerdown', () => this.down());
    on('pointermove', () => this.move());
    this.canvas.addEventListener('pointerup', () => this.up());
    this.canvas.addEventListener('pointercancel', () => this.up());
    this.canvas.addEventListener('keydown', e => this.key(e));
    this.canvas.addEventListener('blur', () => {
      this.marks.pointer = null;
      this.up();
    });
  }

  private key(e: KeyboardEvent): void {
    const way = ARROWS[e.key];
    if (!way && e.key !== 'Enter' && e.key !== ' ')
      return;
    e.preventDefault();
    if (way) {
      const px = e.shiftKey ? LEAP_PX : STEP_PX;
      const keep = (v: number, max: number) => Math.min(Math.max(v, 0), max);
      this.cursor = [keep(this.cursor[0] + way[0] * px, this.canvas.clientWidth),
        keep(this.cursor[1] + way[1] * px, this.canvas.clientHeight)];
      this.marks.pointer = this.at(); /* there is no mouse to see */
      this.move();
      if (!this.stroke)
        this.point();
      this.repaint();
    } else if (this.stroke) {
      this.up();
    } else {
      this.down();
    }
  }

  private down(): void {
    if (this.tool === 'pen') {
      this.stroke = { id: crypto.randomUUID(), points: [this.at()], color: COLOR, w: WIDTH };
      this.strokeChanged();
    } else if (this.tool === 'highlight') {
      this.highlight();
    } else {
      this.point();
    }
  }

  private move(): void {
    if (this.stroke) {
      this.stroke.points.push(this.at());
      addStroke(this.marks, this.stroke);
      this.repaint();
      if (this.due())
        this.strokeChanged();
    } else if (this.tool === 'pointer' && this.due()) {
      this.point();
    }
  }

  private up(): void {
    if (this.stroke)
      this.strokeChanged();
    this.stroke = null;
  }

  /** The whole stroke under the same id: a lost frame is healed by the next. */
  private strokeChanged(): void {
    const s = this.stroke!;
    s.points = thin(s.points, THIN_PX);
    addStroke(this.marks, s);
    this.send({ t: 'draw', id: s.id, points: s.points, color: s.color, w: s.w });
    this.repaint();
  }

  private point(): void {
    const [x, y] = this.at();
    this.send({ t: 'pointer', x, y });
  }

  private highlight(): void {
    const el = this.replayer.iframe.contentDocument?.elementFromPoint(
      this.cursor[0] / this.scale, this.cursor[1] / this.scale);
    const node = el ? this.replayer.getMirror().getId(el) : -1;
    if (node <= 0)
      return;
    if (node === this.highlighted)
      return this.clear();
    this.highlighted = node;
    this.send({ t: 'highlight', node });
    this.repaint();
  }

  private due(): boolean {
    const now = performance.now();
    if (now - this.lastSent < SEND_MS)
      return false;
    this.lastSent = now;
    return true;
  }
}
