// What a WebSocket server must answer, case by case (RFC 6455), in the groups that conformance suites use.
// A case: what it is, the bytes that are said, what comes back, and the code the server closes with.
import { BINARY, CLOSE, CONT, PING, PONG, TEXT, close, fragments, frame, told } from './frames.mjs';
import { utf8 } from './utf8.mjs';

const text = s => told(TEXT, s), pong = s => told(PONG, s);
const join = (...frames) => Buffer.concat(frames);

/** Said and answered; then the client closes with 1000, and hears 1000. */
const good = (name, say, want, chop = 0) => ({ name, say, want, chop, code: 1000, closes: true });
/** The server closes with a code, after what was right has been answered. */
const bad = (name, say, code, want = [], chop = 0) => ({ name, say, want, chop, code });
/** The client's own close, as it is, and the code of the answer. */
const ends = (name, say, code, want = []) => ({ name, say, want, chop: 0, code });

const SIZES = [0, 1, 125, 126, 127, 128, 65535, 65536];
const fill = n => Buffer.alloc(n, '*');

const framing = [TEXT, BINARY].flatMap(op => [
  ...SIZES.map(n => good(`a message of ${n} bytes, opcode ${op}`, frame(op, fill(n)), [told(op, fill(n))])),
  good(`65536 bytes in chops of 997, opcode ${op}`, frame(op, fill(65536)), [told(op, fill(65536))], 997),
  good(`130 bytes, octet by octet, opcode ${op}`, frame(op, fill(130)), [told(op, fill(130))], 1),
]);

const ten = Array.from({ length: 10 }, (_, i) => `ping ${i}`);
const pings = [
  good('an empty ping', frame(PING), [pong('')]),
  good('a ping with text', frame(PING, 'Hello, world!'), [pong('Hello, world!')]),
  good('a ping with bytes that are no text', frame(PING, Buffer.from('00fffefdfcfb00ff', 'hex')), [pong(Buffer.from('00fffefdfcfb00ff', 'hex'))]),
  good('a ping of 125 bytes', frame(PING, fill(125)), [pong(fill(125))]),
  bad('a ping of 126 bytes', frame(PING, fill(126)), 1002),
  good('a ping of 125 bytes, octet by octet', frame(PING, fill(125)), [pong(fill(125))], 1),
  good('a pong that nobody asked for', frame(PONG), []),
  good('a pong with text that nobody asked for', frame(PONG, 'unasked'), []),
  good('an unasked pong, then a ping', join(frame(PONG, 'unasked'), frame(PING, 'ping')), [pong('ping')]),
  good('ten pings', join(...ten.map(s => frame(PING, s))), ten.map(pong)),
  good('ten pings, octet by octet', join(...ten.map(s => frame(PING, s))), ten.map(pong), 1),
];

const HELLO = 'Hello, world!';
const reserved = [
  ...[1, 2, 3, 4, 5, 6, 7].map(rsv => bad(`reserved bits ${rsv} on a text frame`, frame(TEXT, HELLO, { rsv }), 1002)),
  bad('a good message, then reserved bits, then a ping', join(frame(TEXT, HELLO), frame(TEXT, HELLO, { rsv: 2 }), frame(PING)), 1002, [text(HELLO)]),
  bad('the same in chops of one octet', join(frame(TEXT, HELLO), frame(TEXT, HELLO, { rsv: 4 }), frame(PING)), 1002, [text(HELLO)], 1),
  bad('reserved bits on a binary frame', frame(BINARY, HELLO, { rsv: 5 }), 1002),
  bad('reserved bits on a ping', frame(PING, HELLO, { rsv: 6 }), 1002),
  bad('reserved bits on a close', frame(CLOSE, Buffer.from([3, 232]), { rsv: 7 }), 1002),
  bad('a frame that is not masked', frame(TEXT, HELLO, { masked: false }), 1002),
];

const opcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap(op => [
  bad(`reserved opcode ${op}, empty`, frame(op), 1002),
  bad(`reserved opcode ${op}, between good ones`, join(frame(TEXT, HELLO), frame(op, HELLO), frame(PING)), 1002, [text(HELLO)]),
  bad(`reserved opcode ${op}, octet by octet`, join(frame(TEXT, HELLO), frame(op, HELLO), frame(PING)), 1002, [text(HELLO)], 1),
]);

const piece = (op, s) => frame(op, s, { fin: false });
const inTwo = join(piece(TEXT, 'one'), frame(CONT, 'two'));
const pinged = join(piece(TEXT, 'one'), frame(PING, 'now'), frame(CONT, 'two'));
const orphan = fin => join(frame(CONT, 'of nothing', { fin }), frame(TEXT, HELLO));
const fiveAndPings = join(piece(TEXT, '1'), piece(CONT, '2'), frame(PING, 'a'), piece(CONT, '3'), piece(CONT, '4'), frame(PING, 'b'), frame(CONT, '5'));
const fragmentation = [
  bad('a ping in two fragments', join(piece(PING, 'one'), frame(CONT, 'two')), 1002),
  bad('a pong in two fragments', join(piece(PONG, 'one'), frame(CONT, 'two')), 1002),
  ...[0, 4, 1].map(chop => good(`a text in two fragments, chops of ${chop}`, inTwo, [text('onetwo')], chop)),
  ...[0, 9, 1].map(chop => good(`a ping between two fragments, chops of ${chop}`, pinged, [pong('now'), text('onetwo')], chop)),
  ...[true, false].flatMap(fin => [0, 16, 1].map(chop => bad(`a continuation of nothing, fin ${fin}, chops of ${chop}`, orphan(fin), 1002, [], chop))),
  bad('a message in two fragments, then a continuation of nothing', join(inTwo, piece(CONT, 'three'), frame(TEXT, 'four')), 1002, [text('onetwo')]),
  bad('a continuation of nothing before a fragmented message', join(piece(CONT, 'x'), inTwo), 1002),
  bad('a finished continuation of nothing before a fragmented message', join(frame(CONT, 'x'), inTwo), 1002),
  bad('a second text before the first has ended', join(piece(TEXT, 'one'), frame(TEXT, 'two')), 1002),
  bad('a binary inside a text', join(piece(TEXT, 'one'), frame(BINARY, 'two')), 1002),
  good('five fragments and two pings', fiveAndPings, [pong('a'), pong('b'), text('12345')]),
  good('five fragments and two pings, octet by octet', fiveAndPings, [pong('a'), pong('b'), text('12345')], 1),
  good('empty fragments around a text', join(piece(TEXT, ''), piece(CONT, 'x'), piece(CONT, ''), frame(CONT, '')), [text('x')]),
  good('three empty fragments', join(piece(TEXT, ''), piece(CONT, ''), frame(CONT, '')), [text('')]),
];

/* Each sequence whole, in fragments of one octet, and in chops of one octet. */
const utf8Cases = utf8.flatMap(({ name, valid, hex }) => {
  const body = Buffer.from(hex, 'hex');
  const answer = valid ? [told(TEXT, body)] : [];
  const make = valid ? good : (n, say, want, chop) => bad(n, say, 1007, want, chop);
  return [
    make(`${name} ${hex}`, frame(TEXT, body), answer, 0),
    make(`${name} ${hex}, in fragments of one octet`, fragments(TEXT, body, 1), answer, 0),
    make(`${name} ${hex}, octet by octet`, frame(TEXT, body), answer, 1),
  ];
});
const kosme = Buffer.from('cebae1bdb9cf83cebcceb5', 'hex'), tail = Buffer.from('656469746564', 'hex');
const begun = (bytes, whole) => frame(TEXT, bytes, { length: whole }); // says more than is sent
const early = [ // refused before the message or the frame is complete: nothing more is sent
  bad('an impossible octet inside a begun message', piece(TEXT, Buffer.concat([kosme, Buffer.from('f4908080', 'hex')])), 1007),
  bad('an impossible octet in a second fragment', join(piece(TEXT, kosme), piece(CONT, Buffer.from('f490', 'hex'))), 1007),
  bad('an impossible octet in a frame that is not complete', begun(Buffer.concat([kosme, Buffer.from('f490', 'hex')]), 1000), 1007),
  bad('the first octet of a surrogate decides with its second', begun(Buffer.from('eda0', 'hex'), 100), 1007),
  good('binary is not looked at', frame(BINARY, Buffer.from('f4908080', 'hex')), [told(BINARY, Buffer.from('f4908080', 'hex'))]),
  bad('a character cut by the end of the message', frame(TEXT, Buffer.from('cebae1bd', 'hex')), 1007),
  good('a character cut by a fragment', join(piece(TEXT, Buffer.from('e1', 'hex')), frame(CONT, Buffer.from('bdb9', 'hex'))), [text(Buffer.from('e1bdb9', 'hex'))]),
  bad('text before and after what is impossible', frame(TEXT, Buffer.concat([kosme, Buffer.from('eda080', 'hex'), tail])), 1007),
];

const RIGHT = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const WRONG = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];
const closing = [
  good('a message, then a close', frame(TEXT, HELLO), [text(HELLO)]),
  ends('two closes', join(close(1000), close(1000)), 1000),
  ends('a ping behind the close is not answered', join(close(1000), frame(PING)), 1000),
  ends('a text behind the close is not answered', join(close(1000), frame(TEXT, HELLO)), 1000),
  ends('a close inside a fragmented message', join(piece(TEXT, 'one'), close(1000), frame(CONT, 'two')), 1000),
  ends('256 KiB, then a close, then a ping', join(frame(TEXT, fill(262144)), close(1000), frame(PING)), 1000, [told(TEXT, fill(262144))]),
  ends('an empty close', close(), 1005),
  bad('a close of one octet', frame(CLOSE, 'a'), 1002),
  ends('a close with a reason', close(1000, HELLO), 1000),
  ends('a close with the longest reason', close(1000, 'r'.repeat(123)), 1000),
  bad('a close that is too long', frame(CLOSE, Buffer.concat([Buffer.from([3, 232]), fill(124)])), 1002),
  bad('a close whose reason is no UTF-8', close(1000, Buffer.from('cebaeda080', 'hex')), 1007),
  bad('a close in fragments', join(piece(CLOSE, Buffer.from([3, 232])), frame(CONT)), 1002),
  ...RIGHT.map(code => ends(`close with ${code}`, close(code), code)),
  ...WRONG.map(code => bad(`close with ${code}`, close(code, code === 0 ? '' : 'why'), 1002)),
];

const MB = 1024 * 1024;
const limits = [
  ...[64 * 1024, 256 * 1024, MB, 4 * MB, 8 * MB, 16 * MB].flatMap(n => [TEXT, BINARY].map(op =>
    good(`${n} bytes, opcode ${op}`, frame(op, fill(n)), [told(op, fill(n))]))),
  ...[64, 256, 1024, 4096, 16384, 65536, 262144, MB, 4 * MB].flatMap(size => [TEXT, BINARY].map(op =>
    good(`4 MiB in fragments of ${size}, opcode ${op}`, fragments(op, fill(4 * MB), size), [told(op, fill(4 * MB))]))),
  ...[64, 512, 2048].map(chop => good(`128 KiB in chops of ${chop}`, frame(TEXT, fill(131072)), [told(TEXT, fill(131072))], chop)),
  good('65536 bytes in fragments of 1300', fragments(TEXT, fill(65536), 1300), [told(TEXT, fill(65536))]),
  bad('a frame that says it has 2^63 bytes', Buffer.from('82ff8000000000000000' + '01020304', 'hex'), 1002),
  bad('a frame that says it has 2^62 bytes', Buffer.from('82ff4000000000000000' + '01020304', 'hex'), 1009),
  bad('a length that is not in its shortest form', Buffer.from('81fe000501020304' + '0000000000', 'hex'), 1002),
  bad('a length of 8 bytes that needs 2', Buffer.from('81ff0000000000000100' + '01020304', 'hex'), 1002),
];

const many = (op, n) => good(`1000 messages of ${n} bytes, opcode ${op}`, join(...Array.from({ length: 1000 }, () => frame(op, fill(n)))),
  Array.from({ length: 1000 }, () => told(op, fill(n))));
const messages = [0, 16, 64, 256, 1024, 4096].flatMap(n => [many(TEXT, n), many(BINARY, n)]);

export const groups = { framing, pings, 'reserved bits': reserved, opcodes, fragmentation, 'UTF-8': utf8Cases, 'UTF-8, refused early': early,
  closing, limits, 'many messages': messages };
