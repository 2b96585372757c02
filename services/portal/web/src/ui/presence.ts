/** An agent's states in words and colours. */
import type { AgentPresence } from '../lib/api';

export const PRESENCE: Record<AgentPresence, { word: string; tone: string }> = {
  AGENT_PRESENCE_UNSPECIFIED: { word: 'Unknown', tone: 'grey' },
  AGENT_PRESENCE_OFFLINE: { word: 'Offline', tone: 'grey' },
  AGENT_PRESENCE_NOT_READY: { word: 'Not ready', tone: 'amber' },
  AGENT_PRESENCE_READY: { word: 'Ready', tone: 'green' },
  AGENT_PRESENCE_RINGING: { word: 'Ringing', tone: 'blue' },
  AGENT_PRESENCE_BUSY: { word: 'In conversation', tone: 'red' },
  AGENT_PRESENCE_WRAP_UP: { word: 'Wrap-up', tone: 'violet' },
};
