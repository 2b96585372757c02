// Octet sequences and whether they are UTF-8 (RFC 3629), after Markus Kuhn's decoder stress test.
const row = (name, valid, ...all) => all.map(hex => ({ name, valid, hex }));
const range = (from, to) => Array.from({ length: to - from }, (_, i) => (from + i).toString(16));
const spaced = (from, to) => range(from, to).map(h => `${h}20`).join('');
const cut = ['c0', 'e080', 'f08080', 'f8808080', 'fc80808080', 'df', 'efbf', 'f7bfbf', 'fbbfbfbf', 'fdbfbfbfbf'];
const kosme = 'cebae1bdb9cf83cebcceb5', boundary = [2, 5, 7, 9, 11]; // ends of its characters, in octets

const planes = Array.from({ length: 17 }, (_, p) => p * 0x10000)
  .flatMap(base => [base + 0xfffe, base + 0xffff]).map(c => Buffer.from(String.fromCodePoint(c)).toString('hex'));

export const utf8 = [
  row('text', true, '68656c6c6f24776f726c64', '68656c6c6fc2a2776f726c64', '68656c6c6fe282ac776f726c64', '68656c6c6ff0a4ada2776f726c64', kosme),
  ...Array.from({ length: 10 }, (_, i) => row('a prefix of a text', boundary.includes(i + 1), kosme.slice(0, 2 * (i + 1)))),
  row('the first of a length', true, '00', 'c280', 'e0a080', 'f0908080'),
  row('the first of a length that is not allowed', false, 'f888808080', 'fc8480808080'),
  row('the last of a length', true, '7f', 'dfbf', 'efbfbf', 'f48fbfbf'),
  row('the last of a length that is not allowed', false, 'f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf'),
  row('at a boundary', true, 'ed9fbf', 'ee8080', 'efbfbd', 'f48fbfbf'),
  row('beyond the last', false, 'f4908080'),
  row('unexpected continuations', false, '80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', '80bf80bf80bf', range(0x80, 0xbf).join('')),
  row('lonely starts', false, spaced(0xc0, 0xdf), spaced(0xe0, 0xef), spaced(0xf0, 0xf7), spaced(0xf8, 0xfb), spaced(0xfc, 0xfd)),
  row('without the last continuation', false, ...cut, cut.join('')),
  row('impossible octets', false, 'fe', 'ff', 'fefeffff'),
  row('overlong ASCII', false, 'c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af'),
  row('the longest overlong', false, 'c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf'),
  row('an overlong NUL', false, 'c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080'),
  row('a lone surrogate', false, 'eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf'),
  row('a pair of surrogates', false, 'eda080edb080', 'eda080edbfbf', 'edadbfedb080', 'edadbfedbfbf', 'edae80edb080', 'edae80edbfbf',
    'edafbfedb080', 'edafbfedbfbf'),
  row('a non-character', true, ...planes),
].flat();
