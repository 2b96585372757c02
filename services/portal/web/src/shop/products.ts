/** What Larch & Lane sells.  Prices are in cents. */

export interface Product {
  sku: string;
  name: string;
  kind: string;
  price: number;
  was?: number;
  rating: number;
  reviews: number;
  line: string; // one line for the catalogue
  text: string;
  facts: [string, string][];
  picture: PictureName;
  tint: string;
}

export type PictureName = 'tent' | 'pack' | 'boot' | 'jacket' | 'bag' | 'stove' | 'lamp' | 'bottle'
  | 'mat' | 'map' | 'poles' | 'bike';

export const CURRENCY = 'EUR';

export const PRODUCTS: Product[] = [
  { sku: 'ridge-2', name: 'Ridge 2 tent', kind: 'Sleep', price: 42900, was: 48900, rating: 4.7,
    reviews: 212, picture: 'tent', tint: 'moss',
    line: 'Two people, four seasons, one kilo eight',
    text: 'A freestanding tent that goes up in four minutes with cold hands. Two doors, two porches '
      + 'and a fly that reaches the ground where you camp high.',
    facts: [['Weight', '1.84 kg'], ['Packed', '46 × 15 cm'], ['Fly', '20D ripstop, 3000 mm'],
      ['Poles', 'DAC aluminium']] },
  { sku: 'traverse-48', name: 'Traverse 48 pack', kind: 'Carry', price: 21900, rating: 4.6,
    reviews: 148, picture: 'pack', tint: 'rust', line: 'Carries twelve kilos as if they were eight',
    text: 'An adjustable back, a hip belt that does not slip and a lid that becomes a day bag. '
      + 'Comes in three back lengths.',
    facts: [['Volume', '48 + 8 l'], ['Weight', '1.39 kg'], ['Load', 'up to 16 kg'],
      ['Fabric', 'recycled nylon 210D']] },
  { sku: 'fell-mid', name: 'Fell Mid boots', kind: 'Wear', price: 18900, rating: 4.5, reviews: 390,
    picture: 'boot', tint: 'sand', line: 'For wet rock and long days',
    text: 'Leather where it wears, fabric where it breathes, and a sole that can be replaced. Most '
      + 'people take half a size more than usual.',
    facts: [['Weight', '540 g each (EU 42)'], ['Lining', 'waterproof membrane'], ['Sole', 'resolable'],
      ['Sizes', 'EU 36 to 48']] },
  { sku: 'squall', name: 'Squall shell', kind: 'Wear', price: 32900, rating: 4.8, reviews: 97,
    picture: 'jacket', tint: 'sea', line: 'Three layers against sideways rain',
    text: 'A hood that turns with your head, pockets above the hip belt and taped seams everywhere. '
      + 'Repaired by us for as long as you own it.',
    facts: [['Weight', '415 g'], ['Water column', '28 000 mm'], ['Fit', 'over a mid layer'],
      ['Sizes', 'XS to XXL']] },
  { sku: 'down-400', name: 'Cirrus 400 bag', kind: 'Sleep', price: 37900, rating: 4.9, reviews: 64,
    picture: 'bag', tint: 'plum', line: 'Warm to minus four, packs like a loaf',
    text: 'Traceable goose down, a draught collar that seals without strangling, and a zip that does '
      + 'not eat its own fabric.',
    facts: [['Comfort', '−4 °C'], ['Weight', '870 g'], ['Fill', '400 g, 800 cuin'],
      ['Length', 'to 185 cm']] },
  { sku: 'ember', name: 'Ember stove', kind: 'Cook', price: 6900, rating: 4.4, reviews: 521,
    picture: 'stove', tint: 'rust', line: 'Half a litre boils in two and a half minutes',
    text: 'Folds into its own pot. The regulator keeps the flame when the cartridge gets cold.',
    facts: [['Weight', '82 g'], ['Power', '2.9 kW'], ['Fuel', 'screw cartridge'],
      ['Ignition', 'piezo']] },
  { sku: 'dusk', name: 'Dusk headlamp', kind: 'Light', price: 5400, rating: 4.3, reviews: 276,
    picture: 'lamp', tint: 'ink', line: 'Bright enough to find the path, not the neighbours',
    text: 'Red light by default, so that you keep your night sight. Charges by USB-C, runs on three '
      + 'AAA cells when there is no socket.',
    facts: [['Light', '350 lm'], ['Runs', '6 to 120 h'], ['Weight', '78 g'], ['Water', 'IPX7']] },
  { sku: 'spring-1l', name: 'Spring bottle', kind: 'Cook', price: 2900, rating: 4.8, reviews: 803,
    picture: 'bottle', tint: 'sea', line: 'A litre, and it never tastes of yesterday',
    text: 'Single-wall steel that may stand on the stove. The cap opens with a glove.',
    facts: [['Volume', '1 l'], ['Weight', '196 g'], ['Material', 'steel 18/8'],
      ['Warranty', 'for life']] },
  { sku: 'nap', name: 'Nap mat', kind: 'Sleep', price: 13900, rating: 4.6, reviews: 119,
    picture: 'mat', tint: 'moss', line: 'Eight centimetres between you and the stones',
    text: 'Quiet when you turn, warm to below zero and repaired with a patch the size of a stamp.',
    facts: [['R-value', '4.3'], ['Weight', '460 g'], ['Size', '183 × 51 cm'],
      ['Pump', 'bag included']] },
  { sku: 'steady', name: 'Steady poles', kind: 'Walk', price: 9900, rating: 4.5, reviews: 188,
    picture: 'poles', tint: 'sand', line: 'Your knees will send a card',
    text: 'Carbon above, aluminium below, cork where you hold them. Folds to 38 centimetres.',
    facts: [['Weight', '388 g the pair'], ['Length', '105 to 130 cm'], ['Grip', 'cork'],
      ['Folded', '38 cm']] },
];

export const byKind = (kind: string): Product[] =>
  kind ? PRODUCTS.filter(p => p.kind === kind) : PRODUCTS;

export const product = (sku: string): Product | undefined => PRODUCTS.find(p => p.sku === sku);

export const KINDS = [...new Set(PRODUCTS.map(p => p.kind))];

export interface Trip { id: string; name: string; region: string; nights: number; price: number;
  line: string }

export const TRIPS: Trip[] = [
  { id: 'fjord', name: 'Fjord to fjord', region: 'Western Norway', nights: 6, price: 118000,
    line: 'Hut to hut with a guide; the luggage travels by boat' },
  { id: 'karst', name: 'Karst and coast', region: 'Slovenia', nights: 4, price: 69000,
    line: 'From the caves down to the sea, at your own pace' },
  { id: 'high', name: 'The high route', region: 'Western Alps', nights: 8, price: 164000,
    line: 'Glaciers, two passes over 3000 m, a rope team of four' },
];

export const MONTHS = ['May', 'June', 'July', 'August', 'September'];
