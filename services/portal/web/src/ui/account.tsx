/** Who is signed in on this tab, and the form to sign in: desk and board share it. */
import { useState } from 'preact/hooks';
import { reasonOf } from '../lib/session';

export interface SignedIn { token: string; id: string; display_name: string; expires_at: number }

const KEY = 'tl.agent';

export function readAccount(): SignedIn | null {
  try {
    const a = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as SignedIn | null;
    return a && a.token && a.expires_at > Date.now() ? a : null;
  } catch {
    return null;
  }
}

export function forgetAccount(): void {
  sessionStorage.removeItem(KEY);
}

export async function signIn(username: string, password: string): Promise<SignedIn> {
  const answer = await fetch('/v1/agents/signin', {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username, password }), signal: AbortSignal.timeout(10_000),
  });
  if (answer.status === 401)
    throw new Error('Name or password is wrong.');
  if (answer.status === 429)
    throw new Error('Too many tries. Wait a minute, then try again.');
  if (!answer.ok)
    throw new Error(`Signing in did not work: ${await reasonOf(answer)}`);
  const got = (await answer.json()) as {
    token: string; agent: { id: string; display_name: string }; expires_in_s: number;
  };
  const account = { token: got.token, ...got.agent,
    expires_at: Date.now() + got.expires_in_s * 1000 };
  sessionStorage.setItem(KEY, JSON.stringify(account));
  return account;
}

interface SignInProps { title: string; why: string; onSignedIn: (a: SignedIn) => void }

export function SignInForm({ title, why, onSignedIn }: SignInProps) {
  const [error, setError] = useState(why);
  const [busy, setBusy] = useState(false);
  const submit = async (e: Event) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      onSignedIn(await signIn(String(form.get('username')).trim(), String(form.get('password'))));
    } catch (err) {
      setError(err instanceof TypeError || (err as Error).name === 'TimeoutError'
        ? 'The server cannot be reached.' : (err as Error).message);
      setBusy(false);
    }
  };
  return (
    <main class="signin">
      <form onSubmit={e => void submit(e)}>
        <Logo />
        <h1>{title}</h1>
        <label>Name
          <input name="username" autocomplete="username" required autofocus spellcheck={false}
            autocapitalize="none" data-testid="username" />
        </label>
        <label>Password
          <input name="password" type="password" autocomplete="current-password" required
            data-testid="password" />
        </label>
        {error && <p class="form-error" role="alert">{error}</p>}
        <button type="submit" class="primary" disabled={busy} data-testid="signin">
          {busy ? 'Signing in…' : 'Sign in'}</button>
      </form>
    </main>
  );
}

export function Logo() {
  return (
    <span class="logo">
      <svg viewBox="0 0 28 28" width="28" height="28" aria-hidden="true">
        <path d="M4 9c8-7 12 17 20 10M4 19C12 26 16 2 24 9" />
      </svg>
      Threadline
    </span>
  );
}
