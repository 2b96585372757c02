// What the stories of bad input share: the count that must go up, and a neighbour who must never notice anything.
import assert from 'node:assert/strict';
import { metric, until } from '../lib/platform.mjs';
import { Session, visitor } from '../lib/wire.mjs';

export const NOBODY = '01ARZ3NDEKTSV4RRFFQ69G5FAV'; // a well-formed id that exists nowhere

export const bad = (svc, edge, cls) => metric(svc, `tl_${svc.replace('standby_', '')}_bad_input_total`, `edge="${edge}",class="${cls}"`);

/** Do it; the service counts it as this class.  No class: it is no offence and counts nothing here. */
export async function counted(svc, edge, cls, fn) {
  const before = cls && await bad(svc, edge, cls);
  const answer = await fn();
  if (cls) await until(`${svc} to count ${edge}/${cls}`, async () => await bad(svc, edge, cls) > before, 3000);
  return answer;
}

/** A customer's session that stays open while others misbehave. */
export class Neighbour {
  static async moveIn() {
    const n = new Neighbour();
    n.session = await Session.open((await visitor()).token);
    return n;
  }

  async lives() {
    const answer = await this.session.say({ end_contact: { contact_id: NOBODY } });
    assert.equal(answer.error?.code, 404, 'the neighbour still gets answers');
  }

  leave() {
    return this.session?.close();
  }
}
