// A media leg's life as stories: what happened, what is done.
import { describe, expect, it } from 'vitest';
import { legStep, newLeg, type LegFact, type LegState } from '../src/lib/leg';

type Row = [fact: LegFact['type'], decision: string, state: LegState];

function tell(rows: Row[]): void {
  let m = newLeg();
  for (const [type, decision, state] of rows) {
    const [next, d] = legStep(m, { type }, 0.5);
    expect([type, d.do === 'wait' ? `wait ${d.ms}` : d.do, next.state])
      .toEqual([type, decision, state]);
    m = next;
  }
}

describe('a media leg', () => {
  it('comes up', () => tell([
    ['start', 'offer', 'offering'],
    ['answered', 'wait 6000', 'connecting'],
    ['connected', 'nothing', 'up'],
  ]));

  it('is left alone when it only stumbles', () => tell([
    ['start', 'offer', 'offering'],
    ['answered', 'wait 6000', 'connecting'],
    ['connected', 'nothing', 'up'],
    ['disconnected', 'wait 1500', 'connecting'],
    ['connected', 'nothing', 'up'],
  ]));

  it('is made anew at once when it stays silent', () => tell([
    ['start', 'offer', 'offering'],
    ['answered', 'wait 6000', 'connecting'],
    ['connected', 'nothing', 'up'],
    ['disconnected', 'wait 1500', 'connecting'],
    ['timer', 'offer', 'offering'],
    ['answered', 'wait 6000', 'connecting'],
    ['connected', 'nothing', 'up'],
  ]));

  it('tries again with growing pauses while nobody answers', () => tell([
    ['start', 'offer', 'offering'],
    ['refused', 'offer', 'offering'],
    ['refused', 'wait 150', 'waiting'],
    ['timer', 'offer', 'offering'],
    ['refused', 'wait 300', 'waiting'],
    ['timer', 'offer', 'offering'],
    ['refused', 'wait 600', 'waiting'],
  ]));

  it('offers again at once when the media server is new, in whatever state', () => tell([
    ['start', 'offer', 'offering'],
    ['refused', 'offer', 'offering'],
    ['refused', 'wait 150', 'waiting'],
    ['reoffer', 'offer', 'offering'],
    ['answered', 'wait 6000', 'connecting'],
    ['connected', 'nothing', 'up'],
    ['reoffer', 'offer', 'offering'],
  ]));

  it('is made anew when ICE gives up', () => tell([
    ['start', 'offer', 'offering'],
    ['answered', 'wait 6000', 'connecting'],
    ['failed', 'offer', 'offering'],
  ]));

  it('leaves its place to another tab, and fetches it back only when asked', () => tell([
    ['start', 'offer', 'offering'],
    ['answered', 'wait 6000', 'connecting'],
    ['connected', 'nothing', 'up'],
    ['taken', 'drop', 'taken'],
    ['failed', 'nothing', 'taken'],
    ['disconnected', 'nothing', 'taken'],
    ['reoffer', 'nothing', 'taken'],
    ['refused', 'nothing', 'taken'],
    ['timer', 'nothing', 'taken'],
    ['connected', 'nothing', 'taken'],
    ['start', 'offer', 'offering'],
    ['answered', 'wait 6000', 'connecting'],
  ]));

  it('stays closed', () => tell([
    ['start', 'offer', 'offering'],
    ['close', 'drop', 'closed'],
    ['connected', 'nothing', 'closed'],
    ['reoffer', 'nothing', 'closed'],
    ['failed', 'nothing', 'closed'],
    ['start', 'nothing', 'closed'],
  ]));

  it('does nothing before it is started', () => tell([
    ['reoffer', 'nothing', 'idle'],
    ['timer', 'nothing', 'idle'],
  ]));
});
