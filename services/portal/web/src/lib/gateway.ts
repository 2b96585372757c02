/** The socket as the browser has it: real WebSocket, real session storage, woken by the network. */
import { GatewaySocket, openWebSocket } from './socket';
import { Session, socketUrl, type SessionOptions } from './session';
import type { MediaAnswer, ServerFrame } from './api';
import { setStunServers } from './ice';

export type { GatewaySocket };

export function connectGateway(o: SessionOptions): { socket: GatewaySocket; session: Session } {
  const session = new Session(o);
  const socket = new GatewaySocket({
    ticket: () => session.ticket(),
    open: ticket => openWebSocket(socketUrl(o.origin, '/v1/ws'), 'threadline.v1', ticket),
  });
  socket.on('welcome', w => {
    setStunServers(w.ice_servers ?? []);
    if (w.resume_token)
      session.remember(w.resume_token);
  });
  addEventListener('online', () => socket.nudge());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible')
      socket.nudge();
  });
  return { socket, session };
}

/** Narrow the answer of a media_offer. */
export function isMediaAnswer(f: ServerFrame): f is ServerFrame & { body: MediaAnswer } {
  return f.kind === 'media_answer';
}
