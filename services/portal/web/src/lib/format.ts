/** Numbers as people read them.  Pure; the locale is an argument. */

/** 75 -> "1:15", 3675 -> "1:01:15". */
export function clock(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const mm = Math.floor(s / 60) % 60;
  const ss = String(s % 60).padStart(2, '0');
  const h = Math.floor(s / 3600);
  return h > 0 ? `${h}:${String(mm).padStart(2, '0')}:${ss}` : `${mm}:${ss}`;
}

/** Dwell in a narrow column: 900 -> "<1 s", 42 000 -> "42 s", 200 000 -> "3 min 20 s". */
export function dwell(ms: number): string {
  if (ms < 1000)
    return '<1 s';
  const s = Math.round(ms / 1000);
  if (s < 60)
    return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60)
    return s % 60 ? `${m} min ${s % 60} s` : `${m} min`;
  return `${Math.floor(m / 60)} h ${m % 60} min`;
}

/** What a waiting customer is told; -1 means that nobody can say. */
export function expectedWait(seconds: number): string {
  if (seconds < 0)
    return 'We cannot say how long it takes. You keep your place.';
  if (seconds < 20)
    return 'Just a moment';
  if (seconds < 60)
    return 'Less than a minute';
  const m = Math.round(seconds / 60);
  return m === 1 ? 'About a minute' : `About ${m} minutes`;
}

export function money(minor: number, currency: string, locale?: string): string {
  try {
    const f = new Intl.NumberFormat(locale, { style: 'currency', currency });
    const digits = f.resolvedOptions().maximumFractionDigits ?? 2;
    return f.format(minor / 10 ** digits);
  } catch {
    return `${(minor / 100).toFixed(2)} ${currency}`;
  }
}

export function percent(ratio: number): string {
  return `${Math.round(ratio * 100)}\u00a0%`; /* never broken in two lines */
}

/**
 * How wrong a queue's forecasts were, of the long waits if there were any: a second too much of a wait of two
 * is much in per cent and nothing to a customer.
 */
export function forecastError(q: { forecasts?: number; forecast_error?: number; forecasts_long?: number;
  forecast_error_long?: number }): string {
  if (q.forecasts_long)
    return percent(q.forecast_error_long ?? 0);
  return q.forecasts ? `~${percent(q.forecast_error ?? 0)}` : '–';
}

/** "2 min ago", "3 days ago". */
export function ago(then_ms: number, now_ms: number): string {
  const s = Math.max(0, Math.round((now_ms - then_ms) / 1000));
  if (s < 60)
    return 'just now';
  const m = Math.round(s / 60);
  if (m < 60)
    return `${m} min ago`;
  const h = Math.round(m / 60);
  if (h < 24)
    return `${h} h ago`;
  const d = Math.round(h / 24);
  return d === 1 ? 'yesterday' : `${d} days ago`;
}

const CHANNEL_NAMES: Record<string, string> = {
  CHANNEL_VIDEO: 'Video', CHANNEL_VOICE: 'Voice', CHANNEL_CHAT: 'Chat', CHANNEL_PHONE: 'Phone',
  CHANNEL_EMAIL: 'E-mail', CHANNEL_CALLBACK: 'Callback',
};

export const channelName = (channel?: string): string => CHANNEL_NAMES[channel ?? ''] ?? 'Contact';

const TITLE_PARTS = /\s+[·|–—-]\s+|:\s+/;

/**
 * What tells the pages of a visit apart: their titles without the parts that most of them share,
 * which is the site's name.  "Ridge 2 tent · Larch & Lane" -> "Ridge 2 tent".
 */
export function pageNames(pages: { url?: string; title?: string; section?: string }[]): string[] {
  const parts = pages.map(p => (p.title ?? '').split(TITLE_PARTS).map(s => s.trim()).filter(Boolean));
  const pagesWith = new Map<string, Set<string>>();
  pages.forEach((p, n) => {
    for (const part of parts[n]!)
      pagesWith.set(part, (pagesWith.get(part) ?? new Set()).add(p.url ?? ''));
  });
  const distinct = new Set(pages.map(p => p.url ?? '')).size;
  const shared = (part: string) => {
    const n = pagesWith.get(part)!.size;
    return n > 1 && n * 2 > distinct;
  };
  return pages.map((p, n) => parts[n]!.find(part => !shared(part)) ?? (words(p.section ?? '')
    || p.url || 'A page'));
}

/** "not_ready" -> "Not ready"; for ids that have no label of their own. */
export function words(id: string): string {
  const s = id.replace(/[_-]+/g, ' ').trim();
  return s ? s[0]!.toUpperCase() + s.slice(1) : '';
}
