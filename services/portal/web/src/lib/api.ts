/**
 * The WebSocket API of the gateway, exactly as proto/threadline/signaling/v1/client.proto says it:
 * the same names in snake_case, enums as their names, 64-bit integers as numbers.
 * A field that has its default value may be absent from a frame, hence the question marks.
 */

export type Channel =
  | 'CHANNEL_UNSPECIFIED' | 'CHANNEL_VIDEO' | 'CHANNEL_VOICE' | 'CHANNEL_CHAT'
  | 'CHANNEL_PHONE' | 'CHANNEL_EMAIL' | 'CHANNEL_CALLBACK';

export type Role =
  | 'ROLE_UNSPECIFIED' | 'ROLE_CUSTOMER' | 'ROLE_AGENT' | 'ROLE_SUPERVISOR' | 'ROLE_SYSTEM';

export type ContactPhase =
  | 'CONTACT_PHASE_UNSPECIFIED' | 'CONTACT_PHASE_WAITING' | 'CONTACT_PHASE_RINGING'
  | 'CONTACT_PHASE_CONNECTED' | 'CONTACT_PHASE_HELD' | 'CONTACT_PHASE_WRAP_UP'
  | 'CONTACT_PHASE_ENDED';

export type ContactOutcome =
  | 'CONTACT_OUTCOME_UNSPECIFIED' | 'CONTACT_OUTCOME_COMPLETED' | 'CONTACT_OUTCOME_ABANDONED'
  | 'CONTACT_OUTCOME_CLOSED' | 'CONTACT_OUTCOME_FAILED';

export type LegKind =
  | 'LEG_KIND_UNSPECIFIED' | 'LEG_KIND_AUDIO' | 'LEG_KIND_CAMERA' | 'LEG_KIND_SCREEN'
  | 'LEG_KIND_VIEW';

export type AgentPresence =
  | 'AGENT_PRESENCE_UNSPECIFIED' | 'AGENT_PRESENCE_OFFLINE' | 'AGENT_PRESENCE_NOT_READY'
  | 'AGENT_PRESENCE_READY' | 'AGENT_PRESENCE_RINGING' | 'AGENT_PRESENCE_BUSY'
  | 'AGENT_PRESENCE_WRAP_UP';

export interface Person { id?: string; display_name?: string; role?: Role }
export interface PageView {
  url?: string; title?: string; section?: string; entered_at_us?: number; dwell_ms?: number;
}
export interface BasketItem {
  sku?: string; name?: string; quantity?: number; unit_price_minor?: number;
}
export interface Basket { items?: BasketItem[]; total_minor?: number; currency?: string }
export interface Visit {
  visit_id?: string; visitor_id?: string; customer_id?: string; customer_name?: string;
  tier?: string; referrer?: string; user_agent_family?: string; started_at_us?: number;
  path?: PageView[]; basket?: Basket;
}
export interface EarlierContact {
  contact_id?: string; thread_id?: string; channel?: Channel; started_at_us?: number;
  agent_name?: string; disposition?: string; note?: string;
  messages?: ChatMessage[]; // what was written in it, oldest first
}
export interface ChatMessage {
  message_id?: string; contact_id?: string; from_role?: Role; from_name?: string; text?: string;
  sent_at_us?: number; client_ref?: string;
}

export interface ApiError { code?: number; reason?: string }
export interface NotReadyReason { id?: string; label?: string }
export interface Welcome {
  session_id?: string; role?: Role; resume_token?: string; self?: Person; media_instance?: string;
  heartbeat_s?: number; not_ready_reasons?: NotReadyReason[]; dispositions?: string[];
  resumed?: boolean; ice_servers?: string[];
}
export interface Snapshot {
  contacts?: ContactState[]; cards?: ContactCard[]; messages?: ChatMessage[];
  agent_state?: AgentState; offers?: Offer[];
}
export interface ContactAccepted { contact_id?: string; thread_id?: string; media_instance?: string }
export interface ContactState {
  contact_id?: string; thread_id?: string; channel?: Channel; phase?: ContactPhase;
  outcome?: ContactOutcome; agent?: Person; customer?: Person; since_us?: number;
  media_instance?: string; cobrowse_active?: boolean; wrap_up_ends_at_us?: number;
  farewell?: string; // what the flow says to a contact that it closes
}
export interface QueueProgress { contact_id?: string; position?: number; expected_wait_s?: number }
export interface Typing { contact_id?: string; on?: boolean }
export interface Survey { contact_id?: string; question?: string }
export interface MediaOffer {
  instance?: string; contact_id?: string; leg_id?: string; kind?: LegKind; sdp?: string;
  shows?: LegKind; // of a view: camera or screen
}
export interface MediaAnswer { instance?: string; contact_id?: string; leg_id?: string; sdp?: string }
export interface MediaClose {
  instance?: string; contact_id?: string; leg_id?: string; reason?: string;
}
export interface MediaReoffer { instance?: string; reason?: string }
export interface CobrowseGrant { contact_id?: string; ticket?: string }
export interface CobrowseAsk { contact_id?: string }
export interface CobrowseStopped { contact_id?: string; reason?: string }
export interface AgentState {
  agent_id?: string; presence?: AgentPresence; reason?: string; since_us?: number;
  display_name?: string;
}
export interface Offer {
  offer_id?: string; contact_id?: string; thread_id?: string; channel?: Channel; epoch?: number;
  queue?: string; waited_ms?: number; expires_at_us?: number; why?: string;
}
export interface OfferRescinded { offer_id?: string; contact_id?: string; reason?: string }
export interface ContactCard {
  contact_id?: string; thread_id?: string; channel?: Channel; customer?: Person; tier?: string;
  known_customer?: boolean; section?: string; page_url?: string; visit?: Visit;
  earlier?: EarlierContact[]; queue?: string; requested_at_us?: number; cobrowse_consent?: boolean;
}
export interface BoardQueue {
  queue?: string; waiting?: number; longest_wait_ms?: number; staffed?: number; idle?: number;
  offered?: number; answered?: number; abandoned?: number; short_abandoned?: number;
  service_level?: number; service_level_formula?: string; asa_ms?: number; aht_ms?: number;
  expected_wait_ms?: number; connected?: number;
  forecast_error?: number; forecasts?: number; // of the expected wait: mean of |told - real| / real
  forecast_error_long?: number; forecasts_long?: number; // of these, waits of 30 s or more
}
export interface Board {
  at_us?: number; queues?: BoardQueue[]; agents?: AgentState[]; total?: BoardQueue;
}

/** What a browser may say; one key per frame beside `id`. */
export interface ClientBodies {
  request_contact: {
    request_id: string; channel: Channel; section: string; visit_id: string; page_url: string;
    consent: boolean; cobrowse_consent: boolean; invitation_id?: string;
  };
  end_contact: { contact_id: string };
  send_message: { contact_id: string; text: string; client_ref: string };
  typing: { contact_id: string; on: boolean };
  answer_survey: { contact_id: string; score: number };
  media_offer: Required<Omit<MediaOffer, 'shows'>>;
  media_answer: Required<MediaAnswer>;
  media_close: MediaClose;
  set_hold: { contact_id: string; on: boolean };
  cobrowse_consent: { contact_id: string; granted: boolean };
  cobrowse_ask: { contact_id: string };
  set_agent_state: { ready: boolean; reason?: string };
  accept_offer: { offer_id: string; epoch: number };
  decline_offer: { offer_id: string; epoch: number; reason: string };
  complete_wrap_up: { contact_id: string; disposition: string; note: string };
  subscribe_board: { on: boolean };
}

/** What the gateway may say. */
export interface ServerBodies {
  ok: Record<string, never>;
  error: ApiError;
  welcome: Welcome;
  snapshot: Snapshot;
  contact_accepted: ContactAccepted;
  contact_state: ContactState;
  queue_progress: QueueProgress;
  message: ChatMessage;
  typing: Typing;
  survey: Survey;
  media_answer: MediaAnswer;
  media_offer: MediaOffer;
  media_closed: MediaClose;
  media_reoffer: MediaReoffer;
  cobrowse_grant: CobrowseGrant;
  cobrowse_asked: CobrowseAsk;
  cobrowse_stopped: CobrowseStopped;
  agent_state: AgentState;
  offer: Offer;
  offer_rescinded: OfferRescinded;
  contact_card: ContactCard;
  board: Board;
}

export type ClientKind = keyof ClientBodies;
export type ServerKind = keyof ServerBodies;

const SERVER_KINDS: readonly ServerKind[] = [
  'ok', 'error', 'welcome', 'snapshot', 'contact_accepted', 'contact_state', 'queue_progress',
  'message', 'typing', 'survey', 'media_answer', 'media_offer', 'media_closed', 'media_reoffer',
  'cobrowse_grant', 'cobrowse_asked', 'cobrowse_stopped', 'agent_state', 'offer',
  'offer_rescinded', 'contact_card', 'board',
];

/** One received frame, taken apart. */
export type ServerFrame = {
  [K in ServerKind]: { kind: K; in_reply_to: string; body: ServerBodies[K] };
}[ServerKind];

/** Read one text frame; null if it is not one of ours (a newer server may say more than we know). */
export function parseServerFrame(text: string): ServerFrame | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return null;
  const frame = raw as Record<string, unknown>;
  for (const kind of SERVER_KINDS) {
    const body = frame[kind];
    if (typeof body === 'object' && body !== null) {
      const ref = frame['in_reply_to'];
      return { kind, in_reply_to: typeof ref === 'string' ? ref : '', body } as ServerFrame;
    }
  }
  return null;
}

export const isOver = (phase?: ContactPhase): boolean =>
  phase === 'CONTACT_PHASE_WRAP_UP' || phase === 'CONTACT_PHASE_ENDED';

export const isTalking = (phase?: ContactPhase): boolean =>
  phase === 'CONTACT_PHASE_CONNECTED' || phase === 'CONTACT_PHASE_HELD';

export const hasAudio = (channel?: Channel): boolean =>
  channel === 'CHANNEL_VIDEO' || channel === 'CHANNEL_VOICE' || channel === 'CHANNEL_PHONE';
