// Three builds: the pages (shop, desk, board); the widget's call as hashed modules of their own (so
// that of rrweb it carries the recorder only); widget.js as one script that knows the call's file
// name.  At last a .gz beside every text file.
// Usage: TL_WEB_OUT=<folder to write> node build.mjs   (default: web/ in the build folder TL_BUILD)
import { gzipSync, constants } from 'node:zlib';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, createLogger } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const outDir = process.env.TL_WEB_OUT
  ?? join(resolve(here, process.env.TL_BUILD ?? '../../../build'), 'web');

const logger = createLogger('warn');
const warn = logger.warn;
logger.warn = (text, o) => text.includes('<script src="/widget.js">') || warn(text, o); // meant so

const common = {
  root: join(here, 'src'),
  configFile: false,
  publicDir: false,
  customLogger: logger,
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
};

const page = path => join(here, 'src', path);

const names = {
  entryFileNames: 'assets/[name]-[hash].js',
  chunkFileNames: 'assets/[name]-[hash].js',
  assetFileNames: 'assets/[name]-[hash][extname]',
};

await build({
  ...common,
  base: '/',
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2021',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: page('index.html'),
        notfound: page('404.html'),
        shop: page('shop/index.html'),
        product: page('shop/product.html'),
        basket: page('shop/basket.html'),
        checkout: page('shop/checkout.html'),
        trip: page('shop/trip.html'),
        desk: page('desk/index.html'),
        board: page('board/index.html'),
      },
      output: names,
    },
  },
});

const widget = await build({
  ...common,
  base: './', // these modules find each other from any origin
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2021',
    modulePreload: false,
    rollupOptions: {
      input: { call: page('widget/call/view.tsx') },
      preserveEntrySignatures: 'allow-extension',
      output: names,
    },
  },
});
const call = widget.output.find(chunk => chunk.isEntry).fileName;

await build({
  ...common,
  define: { __CALL_MODULE__: JSON.stringify(`/${call}`) },
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2021',
    modulePreload: false,
    rollupOptions: {
      input: page('widget/main.ts'),
      output: { format: 'iife', entryFileNames: 'widget.js' },
    },
  },
});

const TEXT = /\.(html|js|css|svg|json|txt)$/;
const written = readdirSync(outDir, { recursive: true }).map(String);
for (const name of written) {
  const path = join(outDir, name);
  if (!TEXT.test(name) || !statSync(path).isFile())
    continue;
  const text = readFileSync(path);
  const packed = gzipSync(text, { level: constants.Z_BEST_COMPRESSION });
  if (packed.length < text.length)
    writeFileSync(`${path}.gz`, packed);
}
for (const name of ['widget.js', 'shop/index.html', 'desk/index.html', 'board/index.html'])
  if (!existsSync(join(outDir, name)))
    throw new Error(`the build has no ${name}`);
/** What a page that embeds the widget makes a browser fetch, when, and how much of it may be [kB of gzip]. */
const recorder = widget.output.find(chunk => chunk.type === 'chunk' && chunk.isDynamicEntry).fileName;
const budget = [['widget.js', 'widget.js', 6, 'at once'], ['the call', call, 26, 'when Help is pressed'],
  ['the page recorder', recorder, 70, 'when the page is shown']];
const sizes = budget.map(([name, file, most, when]) => {
  const kb = gzipSync(readFileSync(join(outDir, file))).length / 1024;
  if (kb > most)
    throw new Error(`${name} is ${kb.toFixed(1)} kB; ${most} kB is what a site's visitors may be asked to fetch`);
  return `${name} ${kb.toFixed(1)} kB, ${when}`;
});
console.log(`  ${sizes.join('; ')}`);
