/** The Help button and the invitation: all that a page carries before somebody wants to talk. */
import css from './launcher.css?inline';
import { adopt, h, icon } from './dom';
import type { Channel } from '../lib/api';
import type { Memory } from './memory';
import type { Invitation } from './tracker';

const HELP_ICON = 'M12 3a9 9 0 0 0-9 9v5a2 2 0 0 0 2 2h2v-7H5a7 7 0 0 1 14 0h-2v7h1.5A3.5 3.5 0 0 1 '
  + '15 21h-3';
const CLOSE_ICON = 'M6 6l12 12M18 6 6 18';
const SHOW_MS = 20; // so that the button is painted before the invitation slides in

export interface LauncherOptions {
  memory: Memory;
  onHelp: () => void;
  onInvitation: (what: 'shown' | 'dismissed' | 'accepted', id: string) => void;
  onAccept: (id: string, channel: Channel) => void;
}

export class Launcher {
  readonly root: ShadowRoot;
  private readonly host = h('div', { id: 'threadline-widget', 'data-tl-block': '' });
  private readonly button: HTMLButtonElement;
  private readonly notice = h('div', { class: 'notice', role: 'status' });
  private card: HTMLElement | null = null;
  private busy = false;

  constructor(private readonly o: LauncherOptions) {
    this.root = this.host.attachShadow({ mode: 'open' });
    adopt(this.root, css);
    this.button = h('button', {
      class: 'help', type: 'button', 'data-testid': 'help-button', 'aria-haspopup': 'dialog',
      click: () => this.help(),
    }, icon(HELP_ICON), h('span', {}, 'Help')) as HTMLButtonElement;
    this.root.append(this.notice, this.button);
  }

  mount(): void {
    document.body.append(this.host);
  }

  /** The call shows a panel: the button steps aside. */
  setBusy(busy: boolean): void {
    this.busy = busy;
    this.button.hidden = busy;
    if (busy)
      this.removeCard();
    else
      this.button.focus({ preventScroll: true });
  }

  setLoading(on: boolean): void {
    this.button.toggleAttribute('aria-busy', on);
    if (on)
      this.say('');
  }

  say(text: string): void {
    this.notice.textContent = text;
  }

  /** Offer help once.  Dismissed means dismissed, for this invitation and for its rule. */
  invite(i: Invitation): void {
    const { memory } = this.o;
    if (this.busy || this.card || memory.contact || memory.dismissed(i.id)
      || (i.rule && memory.dismissed(`rule:${i.rule}`)))
      return;
    const video = !i.channels || i.channels.includes('video');
    const channel: Channel = video ? 'CHANNEL_VIDEO' : 'CHANNEL_CHAT';
    this.card = h('section', {
      class: 'invite', role: 'region', 'aria-label': 'Invitation', 'data-testid': 'invitation',
      keydown: e => (e as KeyboardEvent).key === 'Escape' && this.dismiss(i),
    },
    h('button', {
      class: 'x', type: 'button', 'aria-label': 'Dismiss', 'data-testid': 'invitation-dismiss',
      click: () => this.dismiss(i),
    }, icon(CLOSE_ICON)),
    h('h2', {}, i.title ?? 'Can we help?'),
    h('p', {}, i.text ?? 'Talk to one of our people, face to face.'),
    h('div', { class: 'row' },
      h('button', {
        class: 'primary', type: 'button', 'data-testid': 'invitation-accept',
        click: () => this.accept(i, channel),
      }, video ? 'See somebody now' : 'Chat now'),
      h('button', { class: 'plain', type: 'button', click: () => this.dismiss(i) }, 'No, thanks')));
    this.card.setAttribute('aria-live', 'polite');
    this.root.insertBefore(this.card, this.button);
    setTimeout(() => this.card?.classList.add('in'), SHOW_MS);
    this.o.onInvitation('shown', i.id);
  }

  private help(): void {
    this.o.onHelp();
  }

  private accept(i: Invitation, channel: Channel): void {
    this.o.memory.dismiss(i.id, i.rule ? `rule:${i.rule}` : '');
    this.removeCard();
    this.o.onInvitation('accepted', i.id);
    this.o.onAccept(i.id, channel);
  }

  private dismiss(i: Invitation): void {
    this.o.memory.dismiss(i.id, i.rule ? `rule:${i.rule}` : '');
    this.removeCard();
    this.o.onInvitation('dismissed', i.id);
    this.button.focus({ preventScroll: true });
  }

  private removeCard(): void {
    this.card?.remove();
    this.card = null;
  }
}
