// What the customer's panel and the agent's desk make of the server's words.
import { describe, expect, it } from 'vitest';
import { parseServerFrame, type ContactPhase, type ServerFrame } from '../src/lib/api';
import * as desk from '../src/desk/state';
import * as call from '../src/widget/call/state';

const frame = (body: object): ServerFrame => parseServerFrame(JSON.stringify(body))!;
const phase = (p: string, more: object = {}): ServerFrame =>
  frame({ contact_state: { contact_id: 'c', phase: `CONTACT_PHASE_${p}`, ...more } });

describe('the panel', () => {
  const waiting = { ...call.initial(), contact_id: 'c', step: 'waiting' as const };
  const tell = (...frames: ServerFrame[]) => frames.reduce(call.onFrame, waiting as call.CallState);

  it('goes from the queue to the conversation', () => {
    const s = tell(frame({ queue_progress: { contact_id: 'c', position: 2, expected_wait_s: 70 } }),
      phase('RINGING'), phase('CONNECTED', { agent: { display_name: 'Demo Agent 1' } }));
    expect(s).toMatchObject({ position: 2, step: 'connected', agent: 'Demo Agent 1', held: false });
  });

  it('says when the agent is lost and the customer waits again', () => {
    expect(tell(phase('CONNECTED'), phase('WAITING'))).toMatchObject(
      { step: 'waiting', requeued: true });
  });

  it('knows when it rings at a desk', () => {
    expect(tell(phase('RINGING')).ringing).toBe(true);
    expect(tell(phase('RINGING'), phase('WAITING')).ringing).toBe(false); /* nobody answered */
  });

  it('tells who does not look at it what happens', () => {
    const agent = { agent: { display_name: 'Demo Agent 1' } };
    expect(call.announcement(tell())).toBe('');
    const talking = tell(phase('CONNECTED', agent));
    expect(call.announcement(talking)).toBe('Demo Agent 1 is here');
    const message = frame({ message: { contact_id: 'c', message_id: 'm', from_role: 'ROLE_AGENT',
      text: 'Hello' } });
    expect(call.announcement(call.onFrame({ ...talking, open: false }, message)))
      .toBe('Demo Agent 1 wrote a message');
  });

  it('says goodbye in the words of the flow', () => {
    const closed = phase('ENDED', { outcome: 'CONTACT_OUTCOME_CLOSED', farewell: 'Come back at nine.' });
    expect(tell(closed).problem?.text).toBe('Come back at nine.');
  });

  it('tells hold from talk', () => {
    expect(tell(phase('CONNECTED'), phase('HELD')).held).toBe(true);
    expect(tell(phase('HELD'), phase('CONNECTED')).held).toBe(false);
  });

  it('asks its one question after the end, whichever comes first', () => {
    const survey = frame({ survey: { contact_id: 'c', question: 'Well?' } });
    const end = phase('ENDED', { outcome: 'CONTACT_OUTCOME_COMPLETED' });
    expect(tell(phase('CONNECTED'), survey, end)).toMatchObject({ step: 'survey', question: 'Well?' });
    expect(tell(phase('CONNECTED'), end, survey)).toMatchObject({ step: 'survey', question: 'Well?' });
  });

  it('explains every other end', () => {
    const end = (o: string) => tell(phase('ENDED', { outcome: `CONTACT_OUTCOME_${o}` }));
    expect(end('CLOSED')).toMatchObject({ step: 'problem', problem: { offerRetry: true } });
    expect(end('FAILED')).toMatchObject({ step: 'problem' });
    expect(end('ABANDONED').step).toBe('done');
  });

  it('keeps the reason on the screen when the contact ends because of it', () => {
    const s = { ...waiting, step: 'problem' as const, problem: call.micProblem('NotFoundError') };
    const end = phase('ENDED', { outcome: 'CONTACT_OUTCOME_ABANDONED' });
    expect(call.onFrame(s, end)).toMatchObject({ step: 'problem', problem: s.problem });
  });

  it('keeps the reason while the server still believes in the contact', () => {
    const s = { ...waiting, step: 'problem' as const, problem: call.micProblem('NotFoundError') };
    const survey = frame({ survey: { contact_id: 'c', question: 'Well?' } });
    for (const late of [phase('WAITING'), phase('RINGING'), phase('CONNECTED'), survey])
      expect(call.onFrame(s, late)).toMatchObject({ step: 'problem', problem: s.problem });
  });

  it('asks for the page only without consent, and forgets the consent when it is taken back', () => {
    const asked = frame({ cobrowse_asked: { contact_id: 'c' } });
    expect(tell(asked).cobrowse).toBe('asked');
    expect(call.onFrame({ ...waiting, cobrowseWanted: true }, asked).cobrowse).toBe('off');
    const stopped = frame({ cobrowse_stopped: { contact_id: 'c' } });
    expect(call.onFrame({ ...waiting, cobrowse: 'on', cobrowseWanted: true }, stopped))
      .toMatchObject({ cobrowse: 'off', cobrowseWanted: false });
  });

  it('does not listen to other contacts', () => {
    expect(tell(frame({ contact_state: { contact_id: 'x', phase: 'CONTACT_PHASE_ENDED' } }))).toBe(waiting);
  });

  it('offers chat when the microphone is not there', () => {
    for (const name of ['NotAllowedError', 'NotFoundError', 'NotReadableError', 'AbortError'])
      expect(call.micProblem(name)).toMatchObject({ offerChat: true, offerRetry: true });
  });
});

describe('the desk', () => {
  const offer = (id: string, epoch: number) => frame({ offer: { offer_id: id, contact_id: `c-${id}`, epoch } });
  const tell = (s: desk.DeskState, ...frames: ServerFrame[]) => frames.reduce(desk.onFrame, s);
  const contact = (id: string, p: string, more: object = {}): ServerFrame => frame({ contact_state: {
    contact_id: id, phase: `CONTACT_PHASE_${p}` as ContactPhase, ...more } });

  it('refuses an offer of an owner of the past', () => {
    const s = tell(desk.initial(), offer('a', 5), offer('b', 4), offer('c', 6));
    expect(s.offers.map(o => o.offer_id)).toEqual(['a', 'c']);
    expect(s.epoch).toBe(6);
  });

  it('shows an offer once, however often it is announced', () => {
    expect(tell(desk.initial(), offer('a', 1), offer('a', 2)).offers).toHaveLength(1);
  });

  it('stops ringing and says why', () => {
    const s = tell(desk.initial(), offer('a', 1),
      frame({ offer_rescinded: { offer_id: 'a', reason: 'customer_left' } }));
    expect(s.offers).toEqual([]);
    expect(s.notice).toMatch(/left/);
  });

  it('opens the conversation that was accepted and looks at it', () => {
    const s = tell(desk.initial(), offer('a', 1), contact('c-a', 'CONNECTED'));
    expect(s).toMatchObject({ offers: [], selected: 'c-a' });
    expect(s.talks['c-a']!.state.phase).toBe('CONTACT_PHASE_CONNECTED');
  });

  it('keeps a contact through wrap-up and drops it at its end', () => {
    const s = tell(desk.initial(), contact('c', 'CONNECTED'), contact('c', 'WRAP_UP'));
    expect(s.talks['c']).toBeDefined();
    expect(tell(s, contact('c', 'ENDED')).talks).toEqual({});
  });

  it('counts unread only for conversations nobody looks at', () => {
    const message = (id: string) => frame({ message: { contact_id: id, message_id: id + Math.random(),
      from_role: 'ROLE_CUSTOMER', text: 'hi' } });
    let s = tell(desk.initial(), contact('a', 'CONNECTED'), contact('b', 'CONNECTED'));
    expect(s.selected).toBe('b');
    s = tell(s, message('a'), message('a'), message('b'));
    expect([s.talks['a']!.unread, s.talks['b']!.unread]).toEqual([2, 0]);
    expect(desk.select(s, 'a').talks['a']!.unread).toBe(0);
  });

  it('keeps the first ticket of a page that is already shown', () => {
    const grant = (ticket: string) => frame({ cobrowse_grant: { contact_id: 'c', ticket } });
    const s = tell(desk.initial(), contact('c', 'CONNECTED'), grant('t1'), grant('t2'));
    expect(s.talks['c']).toMatchObject({ cobrowse: 'on', ticket: 't1' });
    expect(tell(s, frame({ cobrowse_stopped: { contact_id: 'c' } }), grant('t3')).talks['c']!.ticket)
      .toBe('t3');
  });

  it('is rebuilt from a snapshot', () => {
    const before = tell(desk.initial(), contact('gone', 'CONNECTED'), offer('old', 3));
    const s = desk.onSnapshot(before, {
      contacts: [{ contact_id: 'c', phase: 'CONTACT_PHASE_HELD' },
        { contact_id: 'r', phase: 'CONTACT_PHASE_RINGING' }],
      cards: [{ contact_id: 'c', tier: 'gold' }], messages: [{ contact_id: 'c', text: 'hi' }],
      agent_state: { presence: 'AGENT_PRESENCE_BUSY' }, offers: [],
    });
    expect(Object.keys(s.talks)).toEqual(['c']);
    expect(s.talks['c']!.lines).toHaveLength(1);
    expect(s).toMatchObject({ offers: [], selected: 'c', epoch: 3,
      me: { presence: 'AGENT_PRESENCE_BUSY' } });
  });

  it('does not take another agent\'s state for its own', () => {
    const me = { ...desk.initial(), me: { agent_id: 'agent-1', presence: 'AGENT_PRESENCE_READY' as const } };
    const s = tell(me, frame({ agent_state: { agent_id: 'agent-2', presence: 'AGENT_PRESENCE_BUSY' } }));
    expect(s.me.presence).toBe('AGENT_PRESENCE_READY');
  });
});
