/** Line icons of 24 x 24, drawn for Threadline. */

const PATHS = {
  mic: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5 11v1a7 7 0 0 0 14 0v-1M12 19v3',
  micOff: 'M3 3l18 18M9 9v3a3 3 0 0 0 4.6 2.5M15 11V6a3 3 0 0 0-5.7-1.3M5 11v1a7 7 0 0 0 11 5.7M19 11v1c0 .8-.1 1.5-.4 2.2M12 19v3',
  video: 'M4 6h10a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2ZM16 10.5 22 7v10l-6-3.5',
  videoOff: 'M3 3l18 18M10 6h4a2 2 0 0 1 2 2v2.5L22 7v10l-3-1.7M16 16a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V8c0-.9.6-1.7 1.5-1.9',
  screen: 'M4 4h16a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2ZM8 21h8M12 16v5M12 7v6M9 10l3-3 3 3',
  phone: 'M5 3h3.5l2 5-2.5 1.7a12 12 0 0 0 6.3 6.3L16 13.5l5 2V19a2 2 0 0 1-2 2A16 16 0 0 1 3 5a2 2 0 0 1 2-2Z',
  end: 'M3.5 14.5 2.3 12A14 14 0 0 1 21.7 12l-1.2 2.5-5-1.7V9.5a13 13 0 0 0-7 0v3.3l-5 1.7Z',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5l12 7-12 7V5Z',
  chat: 'M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-8l-5 4v-4H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z',
  send: 'M4 12 20 4l-4 16-4-7-8-1ZM12 13l8-9',
  eye: 'M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7S2 12 2 12ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z',
  eyeOff: 'M3 3l18 18M10 5.2A9 9 0 0 1 12 5c6.5 0 10 7 10 7a17 17 0 0 1-2.7 3.6M6.5 6.6A16 16 0 0 0 2 12s3.5 7 10 7a10 10 0 0 0 5-1.3',
  close: 'M6 6l12 12M18 6 6 18',
  minimise: 'M5 12h14',
  pointer: 'M5 3l14 8-6 1.5L10 19 5 3Z',
  pen: 'M4 20l1-4L16.5 4.5a2 2 0 0 1 3 3L8 19l-4 1Z',
  highlight: 'M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M9 12h6',
  erase: 'M8 20h12M5 15l9-9a2 2 0 0 1 3 0l2 2a2 2 0 0 1 0 3l-8.5 8.5H8l-3-3a1 1 0 0 1 0-1.5Z',
  check: 'M5 12.5 10 17 19 7',
  warn: 'M12 3 2 20h20L12 3ZM12 10v4M12 17v.1',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4 21a8 8 0 0 1 16 0',
  basket: 'M4 9h16l-1.5 10a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1L4 9ZM8 9l3-6M16 9l-3-6',
  route: 'M6 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM18 16a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM8 6h7a3 3 0 0 1 0 6H9a3 3 0 0 0 0 6h7',
  history: 'M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4l3 2',
  spark: 'M12 3v5M12 16v5M3 12h5M16 12h5M6 6l3 3M15 15l3 3M18 6l-3 3M9 15l-3 3',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5l3.5 2',
  settings: 'M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4',
  board: 'M4 20V10M10 20V4M16 20v-7M21 20H3',
  leave: 'M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h11M17 8l4 4-4 4',
  star: 'M12 3.5l2.6 5.5 6 .8-4.4 4.2 1.1 6-5.3-3-5.3 3 1.1-6L3.4 9.8l6-.8L12 3.5Z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
