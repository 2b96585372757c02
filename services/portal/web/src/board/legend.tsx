/** What each number on the board means, in words and with its formula; docs/metrics.md says it at length. */

export const FORECAST_ERROR = 'how wrong the expected waits were: MAPE = mean of |told \u2212 real| / real, '
  + 'of waits of 30 s and more; of all from 1 s on (marked ~) while there was none';

const MEANINGS: [name: string, meaning: string][] = [
  ['Waiting', 'contacts in line that nobody has answered yet; one that rings still waits'],
  ['Longest wait', 'since the one in line who came first came'],
  ['Expected', 'the wait that somebody who comes now is told; – means that nobody can say'],
  ['Off by', FORECAST_ERROR],
  ['Free', 'agents who are ready / agents signed in who serve the queue'],
  ['Offered', 'contacts that entered the queue since midnight'],
  ['Abandoned', 'of these, left unanswered by the customer\u2019s will'],
  ['ASA', 'average speed of answer = sum of the waits of the answered / answered'],
  ['AHT', 'average handle time = (talk + hold + wrap-up) / contacts released'],
];

export function Legend({ formula }: { formula: string }) {
  const [name, ...rest] = formula.split(':');
  return (
    <details class="legend" data-testid="legend">
      <summary>What the numbers mean</summary>
      <dl>
        {formula && <div><dt>Service level, {name}</dt><dd>{rest.join(':').trim()}</dd></div>}
        {MEANINGS.map(([what, meaning]) => <div key={what}><dt>{what}</dt><dd>{meaning}</dd></div>)}
      </dl>
    </details>
  );
}
