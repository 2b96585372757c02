/** The shared page of this contact: the room's connection and, loaded when needed, the recorder. */
import { RoomChannel } from '../../cobrowse/channel';
import type { Recording } from '../../cobrowse/recorder';
import type { GatewaySocket } from '../../lib/gateway';
import { socketUrl } from '../../lib/session';
import type { WidgetHost } from '../host';

export interface ShareEvents {
  onStart: () => void;
  onEnd: (why: 'stopped' | 'lost') => void;
}

const RETRY_MS = 1000;
const MAX_RETRIES = 5;

export class PageShare {
  private room: RoomChannel | null = null;
  private recording: Recording | null = null;
  private retries = 0;
  private retry: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly host: WidgetHost, private readonly socket: GatewaySocket,
    private readonly events: ShareEvents) {}

  /** A grant arrived.  A room that is alive keeps going; the new ticket is left to expire. */
  begin(ticket: string): void {
    if (this.room?.alive)
      return;
    const room = new RoomChannel();
    this.room = room;
    room.on('close', () => this.lost(room));
    room.on('frame', f => f.t === 'stop' && this.ended(room));
    const loading = import('../../cobrowse/recorder');
    room.on('open', () => {
      loading.then(({ startRecording }) => {
        if (this.room !== room)
          return;
        this.retries = 0;
        this.recording = startRecording(room, this.host.root, () => this.ended(room));
        this.events.onStart();
      }).catch(() => this.ended(room)); /* the recorder could not be fetched */
    });
    room.connect(socketUrl(this.host.origin, '/v1/cobrowse'), ticket);
  }

  /** At once, without asking anybody. */
  stop(): void {
    if (this.retry)
      clearTimeout(this.retry);
    this.retry = null;
    this.retries = 0;
    this.halt();
  }

  /** The page goes away; the next one shares again. */
  pause(): void {
    this.halt();
  }

  private halt(): void {
    this.recording?.stop();
    this.recording = null;
    this.room?.close();
    this.room = null;
  }

  private ended(room: RoomChannel): void {
    if (this.room !== room)
      return;
    this.stop();
    this.events.onEnd('stopped');
  }

  /** The room's server went away: ask for a new ticket, a few times. */
  private lost(room: RoomChannel): void {
    if (this.room !== room)
      return;
    this.halt();
    if (this.retries++ >= MAX_RETRIES || this.socket.state === 'off') {
      this.stop();
      this.events.onEnd('stopped');
      return;
    }
    this.retry = setTimeout(() => this.events.onEnd('lost'),
      this.retries === 1 ? 100 : RETRY_MS * this.retries * Math.random());
  }
}
