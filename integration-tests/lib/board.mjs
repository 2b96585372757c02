// The board as a supervisor reads it: numbers from the page, not from the API.
import { demoPassword, origin, until } from './platform.mjs';

const number = text => Number(/-?\d+/.exec(text)?.[0] ?? NaN);
/** "1:05" -> 65 */
const seconds = text => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);

export class Board {
  /** A supervisor who signs in at the desk is sent on to the board. */
  static async open(page) {
    await page.goto(`${origin}/desk/`);
    await page.getByTestId('username').fill('supervisor-1');
    await page.getByTestId('password').fill(demoPassword());
    await page.getByTestId('signin').click();
    await page.waitForURL('**/board/');
    await page.getByTestId('board-queues').waitFor();
    return Object.assign(new Board(), { page });
  }

  async tile(name) {
    const [, value, note] = (await this.page.getByTestId(`total-${name}`).innerText()).split(/\n+/);
    return { value, note: note ?? '', number: number(value), seconds: seconds(value) };
  }

  /** One queue's row by the names of its columns. */
  row(queue) {
    return this.page.getByTestId('board-queues').evaluate((table, id) => {
      const names = [...table.tHead.rows[0].cells].map(c => c.textContent.trim());
      const cells = table.querySelector(`[data-testid="queue-${id}"]`)?.cells ?? [];
      return Object.fromEntries([...cells].map((c, i) => [names[i], c.textContent.trim()]));
    }, queue);
  }

  /** The counters of a queue as numbers. */
  async counts(queue) {
    const row = await this.row(queue);
    return { offered: number(row.Offered), answered: number(row.Answered), abandoned: number(row.Abandoned),
      waiting: number(row.Waiting) };
  }

  presence(agent, want) {
    return until(`${agent} to be ${want} on the board`, async () =>
      await this.page.getByTestId(`agent-${agent}`).getAttribute('data-presence') === `AGENT_PRESENCE_${want}`);
  }
}
