/** The shop's pictures: flat drawings in two tones on a tinted ground. */
import type { ComponentChildren } from 'preact';
import type { PictureName, Product } from './products';

const SHAPES: Record<PictureName, ComponentChildren> = {
  tent: <><path class="b" d="M40 150 110 46l70 104Z" /><path class="a" d="M110 46 84 150h52Z" />
    <path class="l" d="M110 46v-12M40 150l-14 8M180 150l14 8M110 46 98 150" /></>,
  pack: <><rect class="a" x="66" y="52" width="88" height="108" rx="22" />
    <path class="b" d="M66 74c0-18 16-34 44-34s44 16 44 34v8H66Z" />
    <rect class="b" x="82" y="106" width="56" height="36" rx="10" />
    <path class="l" d="M94 40c0-14 32-14 32 0M66 96h88M110 106v36" /></>,
  boot: <><path class="a" d="M74 42h42l4 52c20 12 44 14 48 30v16H72Z" />
    <path class="b" d="M68 140h104v14c0 6-4 8-8 8H76c-6 0-8-4-8-8Z" />
    <path class="l" d="M98 62h20M100 76h19M102 90h19M74 42h42" /></>,
  jacket: <><path class="a" d="M80 52h60l30 26-10 66-18-6v24H78v-24l-18 6-10-66Z" />
    <path class="b" d="M88 52c0-20 44-20 44 0l-22 22Z" /><path class="l" d="M110 74v88M90 112h-2M132 112h-2M84 130l14-10M136 130l-14-10" /></>,
  bag: <><path class="a" d="M58 60c30-16 74-16 104 0l-8 92c-26 14-62 14-88 0Z" />
    <ellipse class="b" cx="110" cy="62" rx="52" ry="16" /><ellipse class="c" cx="110" cy="64" rx="30" ry="8" />
    <path class="l" d="M64 94c30 10 62 10 92 0M67 122c28 10 58 10 86 0" /></>,
  stove: <><path class="b" d="M76 122h68l8 38H68Z" /><rect class="a" x="70" y="66" width="80" height="42" rx="8" />
    <path class="l" d="M150 78h22M88 108v14M132 108v14" /><path class="f" d="M98 122c0-10 8-12 12-22 6 8 14 12 12 22Z" /></>,
  lamp: <><path class="l" d="M46 108c0-70 128-70 128 0" /><rect class="a" x="78" y="84" width="64" height="48" rx="14" />
    <circle class="c" cx="110" cy="108" r="15" /><path class="f" d="M110 126 84 170h52Z" /></>,
  bottle: <><path class="a" d="M88 70c0-8 8-10 8-18h28c0 8 8 10 8 18v82c0 8-4 12-10 12H98c-6 0-10-4-10-12Z" />
    <rect class="b" x="94" y="36" width="32" height="18" rx="5" /><path class="b" d="M88 104h44v28H88Z" /></>,
  mat: <><path class="a" d="M48 138 128 58l44 20-80 80Z" /><path class="l" d="M66 146l80-80M84 154l80-80" />
    <circle class="b" cx="150" cy="66" r="18" /><circle class="c" cx="150" cy="66" r="8" /></>,
  map: <><path class="a" d="M50 60l40-12 40 12 40-12v92l-40 12-40-12-40 12Z" /><path class="b" d="M90 48v92l40 12V60Z" />
    <path class="f" d="M110 76a14 14 0 0 1 14 14c0 10-14 26-14 26s-14-16-14-26a14 14 0 0 1 14-14Z" /></>,
  poles: <><path class="k" d="M84 44 72 168M136 44l12 124" /><rect class="b" x="78" y="38" width="14" height="36" rx="7" />
    <rect class="b" x="128" y="38" width="14" height="36" rx="7" /><path class="l" d="M62 152h24M134 152h24" /></>,
  bike: <><circle class="o" cx="66" cy="126" r="32" /><circle class="o" cx="154" cy="126" r="32" />
    <path class="l" d="M66 126 92 78h42l20 48M92 78l18 48 24-48" /></>,
};

export function Picture({ name, tint, label }: { name: PictureName; tint: string; label: string }) {
  return (
    <svg class={`picture ${tint}`} viewBox="0 0 220 200" role="img" aria-label={label}>
      <rect class="ground" width="220" height="200" />
      <circle class="sun" cx="164" cy="56" r="34" />
      <path class="hill" d="M0 150c50-34 90-10 120-26s70-30 100-10v86H0Z" />
      {SHAPES[name]}
    </svg>
  );
}

export const ProductPicture = ({ p }: { p: Product }) =>
  <Picture name={p.picture} tint={p.tint} label={p.name} />;
