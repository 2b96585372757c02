/** After the contact: a result, a note, and the time that is left for it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock, words } from '../lib/format';
import { cut, MAX_TEXT_BYTES } from '../lib/text';
import { useFocusWhenLost, useNow } from '../ui/hooks';
import type { Desk } from './desk';
import type { Conversation, Draft } from './state';

interface Props { desk: Desk; talk: Conversation; dispositions: string[] }

export function WrapUp({ desk, talk, dispositions }: Props) {
  const id = talk.state.contact_id ?? '';
  const [draft, change, forget] = useDraft(id);
  const { disposition, note } = draft.current;
  const [busy, setBusy] = useState(false);
  const focus = useFocusWhenLost<HTMLFormElement>();
  const submitted = useRef(false);
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    submitted.current = true;
    submitted.current = await desk.completeWrapUp(id, disposition, note.trim());
    setBusy(false);
  };
  useEffect(() => () => {
    const { disposition: d, note: n } = draft.current;
    if (id in desk.state.get().talks)
      return; /* signed out, or in another tab: the wrap-up goes on, and its draft waits for it */
    if (!submitted.current && (d || n.trim())) /* the timer was first */
      void desk.keepDraft(id, { disposition: d, note: n.trim() });
    forget();
  }, []);
  return (
    <form class="wrapup" ref={focus} tabIndex={-1} data-testid="wrapup" onSubmit={e => void submit(e)}>
      <header><h2>How did it end?</h2><TimeLeft until_us={talk.state.wrap_up_ends_at_us ?? 0} />
      </header>
      <fieldset>
        <legend class="sr">Result</legend>
        {(dispositions.length ? dispositions : ['resolved', 'follow_up', 'other']).map(d => (
          <label key={d} class={d === disposition ? 'chip on' : 'chip'}>
            <input type="radio" name="disposition" value={d} required checked={d === disposition}
              data-testid={`disposition-${d}`} onChange={() => change({ disposition: d })} />{words(d)}
          </label>
        ))}
      </fieldset>
      <label class="field">Note for the next colleague
        <textarea rows={3} maxLength={2000} value={note} data-testid="wrapup-note"
          onInput={e => change({ note: cut(e.currentTarget.value, MAX_TEXT_BYTES) })} />
      </label>
      <button class="primary" type="submit" disabled={busy || !disposition}
        data-testid="wrapup-complete">Complete, ready again</button>
    </form>
  );
}

/** What was written so far; a reload keeps it. */
function useDraft(id: string) {
  const key = `tl.wrap-up.${id}`;
  const [, show] = useState(0);
  const draft = useRef<Draft>(null as never);
  draft.current ??= { disposition: '', note: '',
    ...(JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<Draft>) };
  const change = (part: Partial<Draft>) => {
    draft.current = { ...draft.current, ...part };
    sessionStorage.setItem(key, JSON.stringify(draft.current));
    show(n => n + 1);
  };
  const forget = () => {
    draft.current = { disposition: '', note: '' };
    sessionStorage.removeItem(key);
  };
  return [draft, change, forget] as const;
}

function TimeLeft({ until_us }: { until_us: number }) {
  const now = useNow();
  if (!until_us)
    return null;
  const left = until_us / 1_000_000 - now / 1000;
  return <span class={left < 10 ? 'left late' : 'left'} role="timer" data-testid="wrapup-timer">
    {clock(left)} left</span>;
}
