/** Pointer, strokes and highlight on a canvas; the same brush in the page and on the agent's desk. */
import { documentToWindow, type Scroll } from './coords';
import type { Point } from './wire';

export interface Stroke { id: string; points: Point[]; color: string; w: number }

export interface Marks {
  strokes: Map<string, Stroke>;
  pointer: Point | null;
  highlight: DOMRect | null; // in window coordinates
}

export const noMarks = (): Marks => ({ strokes: new Map(), pointer: null, highlight: null });

const MAX_STROKES = 100;
const COLORS = /^#[0-9a-f]{6}$/i;

export function addStroke(m: Marks, s: Stroke): void {
  m.strokes.set(s.id, {
    ...s, color: COLORS.test(s.color) ? s.color : '#e5484d', w: Math.min(12, Math.max(1, s.w)),
  });
  if (m.strokes.size > MAX_STROKES)
    m.strokes.delete(m.strokes.keys().next().value as string);
}

/** Size the canvas to its box times the screen's pixel ratio, then paint. */
export function paint(canvas: HTMLCanvasElement, m: Marks, scroll: Scroll, scale: number): void {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: w, clientHeight: h } = canvas;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  const c = canvas.getContext('2d');
  if (!c)
    return;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, w, h);
  c.setTransform(ratio * scale, 0, 0, ratio * scale, 0, 0);
  c.lineCap = c.lineJoin = 'round';
  if (m.highlight)
    paintHighlight(c, m.highlight);
  for (const s of m.strokes.values())
    paintStroke(c, s, scroll);
  if (m.pointer)
    paintPointer(c, documentToWindow(m.pointer, scroll));
}

function paintStroke(c: CanvasRenderingContext2D, s: Stroke, scroll: Scroll): void {
  c.beginPath();
  for (const p of s.points) {
    const [x, y] = documentToWindow(p, scroll);
    c.lineTo(x, y);
  }
  if (s.points.length === 1) {
    const [x, y] = documentToWindow(s.points[0]!, scroll);
    c.lineTo(x + 0.1, y);
  }
  c.strokeStyle = 'rgb(255 255 255 / 70%)';
  c.lineWidth = s.w + 3;
  c.stroke();
  c.strokeStyle = s.color;
  c.lineWidth = s.w;
  c.stroke();
}

function paintHighlight(c: CanvasRenderingContext2D, r: DOMRect): void {
  c.fillStyle = 'rgb(255 196 0 / 22%)';
  c.strokeStyle = '#e09b00';
  c.lineWidth = 3;
  c.beginPath();
  c.roundRect(r.x - 6, r.y - 6, r.width + 12, r.height + 12, 8);
  c.fill();
  c.stroke();
}

function paintPointer(c: CanvasRenderingContext2D, [x, y]: Point): void {
  c.save();
  c.translate(x, y);
  c.beginPath();
  c.moveTo(0, 0);
  c.lineTo(18, 9);
  c.lineTo(9.5, 11.5);
  c.lineTo(6, 20);
  c.closePath();
  c.fillStyle = '#e5484d';
  c.fill();
  c.strokeStyle = '#fff';
  c.lineWidth = 2;
  c.stroke();
  c.restore();
}
