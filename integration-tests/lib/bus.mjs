// The bus as a story sees it: everything that is said, and the right to say anything (the bench user).
import { connect } from 'nats';
import { secret } from './platform.mjs';

export const connectBus = () => connect({
  servers: process.env.TL_NATS_URL, user: 'bench', pass: secret('nats-bench'), inboxPrefix: '_INBOX.bench',
});

/** Call fn(subject, data, at_ms) for everything on these subjects until the connection closes. */
export function listen(nc, subjects, fn) {
  for (const s of subjects)
    nc.subscribe(s, { callback: (err, m) => err || fn(m.subject, m.data, Date.now()) });
}
