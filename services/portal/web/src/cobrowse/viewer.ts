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
  private timer: ReturnType<typeof setInterval>;

  constructor(private readonly stage: HTMLElement, private readonly send: (f: AgentFrame) => void) {
    this.frameBox.className = 'page-frame';
    this.canvas.className = 'page-canvas';
    this.canvas.setAttribute('data-testid', 'cobrowse-canvas');
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

  private at(e: PointerEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    return stageToDocument([e.clientX - box.left, e.clientY - box.top], this.scale, this.scroll());
  }

  private repaint(): void {
    const node = this.highlighted ? this.replayer.getMirror().getNode(this.highlighted) : null;
    this.marks.highlight = node && 'getBoundingClientRect' in node
      ? (node as unknown as Element).getBoundingClientRect() : null;
    paint(this.canvas, this.marks, this.scroll(), this.scale);
  }

  /* ---- tools ---- */

  private listen(): void {
    this.canvas.addEventListener('pointerdown', e => this.down(e));
    this.canvas.addEventListener('pointermove', e => this.move(e));
    this.canvas.addEventListener('pointerup', () => this.up());
    this.canvas.addEventListener('pointercancel', () => this.up());
  }

  private down(e: PointerEvent): void {
    if (this.tool === 'pen') {
      this.canvas.setPointerCapture(e.pointerId);
      this.stroke = { id: crypto.randomUUID(), points: [this.at(e)], color: COLOR, w: WIDTH };
      this.strokeChanged();
    } else if (this.tool === 'highlight') {
      this.highlightAt(e);
    } else {
      this.point(e);
    }
  }

  private move(e: PointerEvent): void {
    if (this.stroke) {
      this.stroke.points.push(this.at(e));
      addStroke(this.marks, this.stroke);
      this.repaint();
      if (this.due())
        this.strokeChanged();
    } else if (this.tool === 'pointer' && this.due()) {
      this.point(e);
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

  private point(e: PointerEvent): void {
    const [x, y] = this.at(e);
    this.send({ t: 'pointer', x, y });
  }

  private highlightAt(e: PointerEvent): void {
    const box = this.canvas.getBoundingClientRect();
    const el = this.replayer.iframe.contentDocument?.elementFromPoint(
      (e.clientX - box.left) / this.scale, (e.clientY - box.top) / this.scale);
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
