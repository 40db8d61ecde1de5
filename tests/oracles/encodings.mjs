// Every two bytes in an encoding: what must be the same wherever they are decoded. For Node and for a page.

/**
 * As in tests/native/encodings.rs. `apart`: each two bytes alone, and as the start of more. `joined`: all of them as one
 * body, for an encoding in which no byte depends on another.
 */
export function* bodies(how) {
  if (how === 'joined') {
    const all = [0x20];
    for (let pair = 0; pair < 0x10000; pair += 1) all.push(pair >> 8, pair & 0xff);
    yield Uint8Array.from(all);
  } else {
    for (let pair = 0; pair < 0x10000; pair += 1) {
      yield Uint8Array.of(pair >> 8, pair & 0xff);
      yield Uint8Array.of(pair >> 8, pair & 0xff, 0xa1, 0x30, 0x3c, 0x41);
    }
  }
  for (const mark of marks) {
    for (const rest of [[], [0x41], [0, 0x41], mark, [0xc3, 0xa9, 0x30, 0xd8]]) yield Uint8Array.of(...mark, ...rest);
  }
}

const marks = [[0xef, 0xbb, 0xbf], [0xfe, 0xff], [0xff, 0xfe]];
const marked = ['utf-8', 'utf-16be', 'utf-16le'];

/** Of texts by their UTF-16, as in tests/native/encodings.rs. */
export function digest(decode, how) {
  let first = 0;
  let second = 0;
  const add = (unit) => {
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(((second << 5) | (second >>> 27)) + unit, 0x85ebca6b);
  };
  for (const body of bodies(how)) {
    const text = decode(body);
    for (let at = 0; at < text.length; at += 1) add(text.charCodeAt(at));
    add(0xffff);
  }
  return [first, second].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

/** `{label, name, digest}` for each label. */
export function digests(decoder, labels) {
  return labels.map(([label, how]) => {
    const { name, decode } = decoder(label);
    return { label, name, digest: digest(decode, how) };
  });
}

/** What each body is. */
export function texts(decoder, [label, how]) {
  const { decode } = decoder(label);
  return [...bodies(how)].map((body) => decode(body));
}

/** The platform's `TextDecoder`, and what a browser does before it comes to it: byte order marks, "replacement". */
export function platform(label) {
  const byMark = marked.map((mark) => new TextDecoder(mark));
  const own = platformOwn(label);
  const decode = (body) => {
    const mark = marks.findIndex((mark) => mark.every((byte, at) => body[at] === byte));
    return (byMark[mark] ?? own).decode(body);
  };
  return { name: own.encoding, decode };
}

function platformOwn(label) {
  try {
    return new TextDecoder(label, { ignoreBOM: true });
  } catch {
    // The Encoding standard lets it have none for "replacement"; Node lacks a few more.
    if (!replaced.test(label)) return { encoding: undefined, decode: () => 'no decoder' };
    return { encoding: 'replacement', decode: (body) => (body.length > 0 ? '\ufffd' : '') };
  }
}

const replaced = /^(csiso2022kr|hz-gb-2312|iso-2022-(cn|cn-ext|kr)|replacement)$/;

/** This crate's, by the glue of charset.wasm. */
export const ours = ({ charsetDecoder }) => (label) => {
  const type = `text/plain; charset=${label}`;
  const run = (read) => {
    const decoder = charsetDecoder(type, '', false);
    const result = read(decoder);
    decoder.free();
    return result;
  };
  const decode = (body) => run((decoder) => decoder.push(body) + decoder.finish());
  const name = run((decoder) => [decoder.push(new Uint8Array(3)), decoder.encoding()][1]);
  return { name, decode };
};
