/** The customer's page on the desk, with the tools to point, draw and highlight. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { RoomChannel } from '../cobrowse/channel';
import type { PageViewer, ToolName } from '../cobrowse/viewer';
import type { CustomerFrame } from '../cobrowse/wire';
import { socketUrl } from '../lib/session';
import { Icon, type IconName } from '../ui/icons';

interface Props { ticket: string; onLost: () => void }

const TOOLS: { name: ToolName; icon: IconName; label: string }[] = [
  { name: 'pointer', icon: 'pointer', label: 'Point' },
  { name: 'pen', icon: 'pen', label: 'Draw' },
  { name: 'highlight', icon: 'highlight', label: 'Highlight' },
];

export function PageStage({ ticket, onLost }: Props) {
  const stage = useRef<HTMLDivElement>(null);
  const viewer = useRef<PageViewer | null>(null);
  const [tool, setTool] = useState<ToolName>('pointer');
  const [shown, setShown] = useState(false);

  useEffect(() => {
    const room = new RoomChannel();
    const early: CustomerFrame[] = [];
    let gone = false;
    room.on('frame', f => {
      if (f.t === 'peer' && f.role === 'customer' && !f.on)
        setShown(false);
      if (f.t !== 'full' && f.t !== 'ev')
        return;
      setShown(true);
      if (viewer.current)
        viewer.current.feed(f);
      else
        early.push(f);
    });
    room.on('close', () => !gone && onLost());
    room.connect(socketUrl('', '/v1/cobrowse'), ticket);
    void import('../cobrowse/viewer').then(m => {
      if (gone || !stage.current)
        return;
      viewer.current = new m.PageViewer(stage.current, f => room.send(f));
      for (const f of early.splice(0))
        viewer.current.feed(f);
    });
    return () => {
      gone = true;
      room.close();
      viewer.current?.destroy();
      viewer.current = null;
    };
  }, [ticket]);

  const choose = (name: ToolName) => {
    setTool(name);
    if (viewer.current)
      viewer.current.tool = name;
  };
  return (
    <section class="page" aria-label="The customer's page" data-testid="cobrowse"
      data-shown={shown}>
      <div class="page-tools" role="toolbar" aria-label="Tools on the page">
        {TOOLS.map(t => (
          <button key={t.name} class={tool === t.name ? 'tool small on' : 'tool small'}
            aria-pressed={tool === t.name} title={t.label} data-testid={`tool-${t.name}`}
            onClick={() => choose(t.name)}><Icon name={t.icon} size={18} /><span>{t.label}</span>
          </button>
        ))}
        <button class="tool small" title="Clear" data-testid="tool-clear"
          onClick={() => viewer.current?.clear()}>
          <Icon name="erase" size={18} /><span>Clear</span></button>
      </div>
      <div class={`page-stage ${tool}`} ref={stage}>
        {!shown && <p class="empty">Waiting for the customer's page…</p>}
      </div>
    </section>
  );
}
