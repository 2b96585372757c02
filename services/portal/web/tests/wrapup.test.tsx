// What an agent wrote in a wrap-up: who gets it, and when.
// @vitest-environment jsdom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Desk } from '../src/desk/desk';
import { WrapUp } from '../src/desk/wrapup';
import type { Conversation } from '../src/desk/state';

const KEY = 'tl.wrap-up.c';
const talk = { state: { contact_id: 'c', phase: 'CONTACT_PHASE_WRAP_UP' } } as Conversation;
const keepDraft = vi.fn(() => Promise.resolve());
let talks: Record<string, Conversation>;

function show(): HTMLElement {
  const box = document.body.appendChild(document.createElement('div'));
  const desk = { keepDraft, state: { get: () => ({ talks }) } } as unknown as Desk;
  act(() => render(<WrapUp desk={desk} talk={talk} dispositions={['resolved']} />, box));
  return box;
}

function write(box: HTMLElement, text: string): void {
  const note = box.querySelector('textarea')!;
  act(() => {
    note.value = text;
    note.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

beforeEach(() => {
  sessionStorage.clear();
  keepDraft.mockClear();
  talks = { c: talk };
});

describe('a wrap-up that is not completed', () => {
  it('is stored when the timer was first', () => {
    const box = show();
    write(box, 'called about trip 7');
    talks = {};
    act(() => render(null, box));
    expect(keepDraft).toHaveBeenCalledWith('c', { disposition: '', note: 'called about trip 7' });
    expect(sessionStorage.getItem(KEY)).toBeNull();
  });

  it('waits for the agent who signed out or went to another tab', () => {
    const box = show();
    write(box, 'called about trip 7');
    act(() => render(null, box));
    expect(keepDraft).not.toHaveBeenCalled();
    expect(show().querySelector('textarea')!.value).toBe('called about trip 7');
  });

  it('keeps no more of a note than can be stored', () => {
    const box = show();
    write(box, 'я'.repeat(3000));
    expect(new TextEncoder().encode(box.querySelector('textarea')!.value).length).toBe(4096);
  });
});
