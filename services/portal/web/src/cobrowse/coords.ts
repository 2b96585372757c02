/**
 * Three rulers: the agent's stage (a scaled picture of the customer's window), the customer's window,
 * and the customer's document, which is the one that travels.  Pure.
 */
import type { Point } from './wire';

export interface Size { width: number; height: number }
export interface Scroll { x: number; y: number }

/** The scale at which a window of `page` fits into `stage` without cutting; never enlarged. */
export function fit(page: Size, stage: Size): number {
  if (page.width <= 0 || page.height <= 0 || stage.width <= 0 || stage.height <= 0)
    return 1;
  return Math.min(1, stage.width / page.width, stage.height / page.height);
}

/** A point of the stage, measured from the picture's corner, as a point of the document. */
export function stageToDocument(p: Point, scale: number, scroll: Scroll): Point {
  return [round(p[0] / scale + scroll.x), round(p[1] / scale + scroll.y)];
}

export function documentToWindow(p: Point, scroll: Scroll): Point {
  return [p[0] - scroll.x, p[1] - scroll.y];
}

/** Leave out points that a hand would not miss, so that a drawing stays a few hundred bytes. */
export function thin(points: Point[], min_px: number): Point[] {
  const out: Point[] = [];
  for (const p of points) {
    const last = out[out.length - 1];
    if (!last || Math.hypot(p[0] - last[0], p[1] - last[1]) >= min_px)
      out.push(p);
  }
  const end = points[points.length - 1];
  if (end && out[out.length - 1] !== end)
    out.push(end);
  return out;
}

const round = (v: number): number => Math.round(v * 10) / 10;
