/** The WebSocket of one co-browse room.  It does not come back by itself: a ticket is used once. */
import { Emitter } from '../lib/emitter';
import { openWebSocket, type WebSocketLike } from '../lib/socket';
import { parseRoomFrame, type RoomFrame } from './wire';

export interface ChannelEvents {
  open: void;
  frame: RoomFrame;
  close: { code: number };
}

export class RoomChannel extends Emitter<ChannelEvents> {
  private ws: WebSocketLike | null = null;
  private isOpen = false;

  get alive(): boolean {
    return this.ws !== null;
  }

  connect(url: string, ticket: string): void {
    const ws = openWebSocket(url, 'threadline.cobrowse.v1', ticket);
    this.ws = ws;
    ws.onopen = () => {
      this.isOpen = true;
      this.emit('open', undefined);
    };
    ws.onmessage = e => {
      const f = typeof e.data === 'string' ? parseRoomFrame(e.data) : null;
      if (f && this.ws === ws)
        this.emit('frame', f);
    };
    ws.onclose = e => {
      if (this.ws !== ws)
        return;
      this.ws = null;
      this.isOpen = false;
      this.emit('close', { code: e.code });
    };
  }

  send(f: RoomFrame): void {
    this.sendText(JSON.stringify(f));
  }

  sendText(text: string): void {
    if (this.isOpen)
      this.ws?.send(text);
  }

  close(): void {
    const ws = this.ws;
    this.ws = null;
    this.isOpen = false;
    ws?.close(1000, 'done');
  }
}
