/**
 * Single-use tickets for the WebSocket: by the resume token of a running session if there is one,
 * else by the bearer token of the visitor or agent.  The resume token lives in sessionStorage, so it
 * survives a reload and dies with the tab.
 */

export class RefusedError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

export interface KeyValue {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface SessionOptions {
  origin: string; // "https://shop.example", "" for the page's own
  /** The visitor or agent token; null: nobody is signed in. */
  bearer: () => Promise<string | null>;
  storage: KeyValue;
  key: string; // the storage key of the resume token
  fetch?: typeof fetch;
}

export class Session {
  constructor(private readonly o: SessionOptions) {}

  /** A ticket; throws RefusedError if the server will not have us, TypeError if it is not there. */
  async ticket(): Promise<string> {
    const resume = this.o.storage.getItem(this.o.key);
    if (resume) {
      try {
        return await this.post({ resume_token: resume }, null);
      } catch (e) {
        if (!(e instanceof RefusedError) || e.status === 429 || e.status >= 500)
          throw e;
        this.forget(); /* an old token: begin a new session */
      }
    }
    const token = await this.o.bearer();
    if (!token)
      throw new RefusedError(401, 'nobody is signed in');
    return this.post({}, token);
  }

  remember(resume_token: string): void {
    this.o.storage.setItem(this.o.key, resume_token);
  }

  forget(): void {
    this.o.storage.removeItem(this.o.key);
  }

  private async post(body: object, bearer: string | null): Promise<string> {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' };
    if (bearer)
      headers['Authorization'] = `Bearer ${bearer}`;
    const answer = await (this.o.fetch ?? fetch)(`${this.o.origin}/v1/sessions`, {
      method: 'POST', headers, body: JSON.stringify(body), credentials: 'omit', cache: 'no-store',
      referrerPolicy: 'strict-origin', signal: AbortSignal.timeout(8000),
    });
    if (!answer.ok)
      throw new RefusedError(answer.status, await reasonOf(answer));
    const got = (await answer.json()) as { ticket?: string };
    if (!got.ticket)
      throw new RefusedError(502, 'no ticket in the answer');
    return got.ticket;
  }
}

/** The reason in a problem+json answer, or its status text. */
export async function reasonOf(answer: Response): Promise<string> {
  try {
    const problem = (await answer.json()) as { detail?: string; title?: string };
    return problem.detail ?? problem.title ?? answer.statusText;
  } catch {
    return answer.statusText || `status ${answer.status}`;
  }
}

/** ws:// or wss:// address of a path on the API's origin. */
export function socketUrl(origin: string, path: string, page: string = location.origin): string {
  return (origin || page).replace(/^http/, 'ws') + path;
}
