/** After the contact: a result, a note, and the time that is left for it. */
import { useState } from 'preact/hooks';
import { clock, words } from '../lib/format';
import { useFocusWhenLost, useNow } from '../ui/hooks';
import type { Desk } from './desk';
import type { Conversation } from './state';

interface Props { desk: Desk; talk: Conversation; dispositions: string[] }

export function WrapUp({ desk, talk, dispositions }: Props) {
  const id = talk.state.contact_id ?? '';
  const key = `tl.note.${id}`;
  const [disposition, setDisposition] = useState('');
  const [note, setNote] = useState(() => sessionStorage.getItem(key) ?? '');
  const [busy, setBusy] = useState(false);
  const focus = useFocusWhenLost<HTMLFormElement>();
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    await desk.completeWrapUp(id, disposition, note.trim());
    sessionStorage.removeItem(key);
    setBusy(false);
  };
  return (
    <form class="wrapup" ref={focus} tabIndex={-1} data-testid="wrapup" onSubmit={e => void submit(e)}>
      <header><h2>How did it end?</h2><TimeLeft until_us={talk.state.wrap_up_ends_at_us ?? 0} />
      </header>
      <fieldset>
        <legend class="sr">Result</legend>
        {(dispositions.length ? dispositions : ['resolved', 'follow_up', 'other']).map(d => (
          <label key={d} class={d === disposition ? 'chip on' : 'chip'}>
            <input type="radio" name="disposition" value={d} required checked={d === disposition}
              data-testid={`disposition-${d}`} onChange={() => setDisposition(d)} />{words(d)}
          </label>
        ))}
      </fieldset>
      <label class="field">Note for the next colleague
        <textarea rows={3} maxLength={2000} value={note} data-testid="wrapup-note"
          onInput={e => {
            setNote(e.currentTarget.value);
            sessionStorage.setItem(key, e.currentTarget.value); /* a reload keeps it */
          }} />
      </label>
      <button class="primary" type="submit" disabled={busy || !disposition}
        data-testid="wrapup-complete">Complete, ready again</button>
    </form>
  );
}

function TimeLeft({ until_us }: { until_us: number }) {
  const now = useNow();
  if (!until_us)
    return null;
  const left = until_us / 1_000_000 - now / 1000;
  return <span class={left < 10 ? 'left late' : 'left'} role="timer" data-testid="wrapup-timer">
    {clock(left)} left</span>;
}
