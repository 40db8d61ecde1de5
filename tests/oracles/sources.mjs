// Pages that name their encoding in every way there is, and in several ways at once.

const boms = {
  none: [],
  'utf-8': [0xef, 0xbb, 0xbf],
  'utf-16le': [0xff, 0xfe],
  'utf-16be': [0xfe, 0xff],
};

/** The charset of the Content-Type. */
const headers = {
  none: '',
  'utf-8': '; charset=utf-8',
  quoted: '; charset="Windows-1250"',
  unknown: '; charset=nonsense',
  'utf-16': '; charset=utf-16',
  'utf-16be': '; charset=utf-16be',
  replacement: '; charset=iso-2022-kr',
  'x-user-defined': '; charset=x-user-defined',
  'iso-2022-jp': '; charset=iso-2022-jp',
  twice: '; charset=koi8-u; charset=utf-8',
};

const far = `<!--${' '.repeat(1100)}-->`;

/** What stands in the head, in front of the title. */
const metas = {
  none: '',
  charset: '<meta charset="koi8-r">',
  unquoted: '<meta charset=koi8-r>',
  'http-equiv': '<meta http-equiv="Content-Type" content="text/html; charset=euc-jp">',
  'content without http-equiv': '<meta content="text/html; charset=euc-jp">',
  'content first, odd spacing': "<META content='charset = euc-jp ;' HTTP-EQUIV=content-type >",
  late: `${far}<meta charset=gbk>`,
  'late, by http-equiv': `${far}<meta http-equiv=content-type content="charset=big5">`,
  'across the limit': `<!--${' '.repeat(980)}--><meta charset=gbk>`,
  'late, behind an early one': `<meta charset=koi8-r>${far}<meta charset=gbk>`,
  'late, replacement': `${far}<meta charset=iso-2022-kr>`,
  'late, iso-2022-jp': `${far}<meta charset=iso-2022-jp>`,
  'late, utf-16': `${far}<meta charset=utf-16>`,
  'late, unknown, then known': `${far}<meta charset=nonsense><meta charset=gbk>`,
  'utf-16': '<meta charset=utf-16>',
  'utf-16be': '<meta charset=utf-16be>',
  'x-user-defined': '<meta charset=x-user-defined>',
  replacement: '<meta charset=hz-gb-2312>',
  'iso-2022-jp': '<meta charset=iso-2022-jp>',
  unknown: '<meta charset=nonsense>',
  'unknown, then known': '<meta charset=nonsense><meta charset=gb18030>',
  'in a comment': '<!-- <meta charset=koi8-r> -->',
  'in a comment, then one': '<!-- <meta charset=koi8-r> --><meta charset=windows-1257>',
  'in a script': "<script>'<meta charset=koi8-r>'</script>",
  'in a style': '<style><meta charset=koi8-r></style>',
  'in a noscript': '<noscript><meta charset=koi8-r></noscript>',
  'in a template': '<template><meta charset=koi8-r></template>',
  'in an attribute': '<script title="<meta charset=koi8-r>"></script>',
  'duplicate attributes': '<meta charset=windows-1257 charset=koi8-r>',
  'duplicate attributes, unknown first': '<meta charset=nonsense charset=koi8-r>',
  'both attributes': '<meta http-equiv=content-type content="charset=euc-jp" charset=koi8-r>',
  'in the body': '</head><body><p><meta charset=koi8-r>',
  'xml declaration': '', // see `document`
};

/** The page's own encoding, and its text. */
const contents = {
  ascii: bytes('plain text'),
  'utf-8': bytes('grüße, жizn'),
  'windows-1251': [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x2c, 0x20, 0xec, 0xe8, 0xf0],
  shift_jis: [0x83, 0x65, 0x83, 0x58, 0x83, 0x67, 0x93, 0xfa, 0x96, 0x7b],
  'utf-16le': null,
};

function bytes(text) {
  return [...new TextEncoder().encode(text)];
}

/** Each `{bom, header, meta, content, name, type, body}`: all of them, or a sample in which every pair of ways is. */
export function fixtures(every) {
  const [marks, types, heads, texts] = [boms, headers, metas, contents].map(Object.keys);
  const rows = [];
  types.forEach((header, h) => heads.forEach((meta, m) => marks.forEach((bom, b) => texts.forEach((content, c) => {
    const isOfSample = b === (h + m) % marks.length && c === (h + 2 * m) % texts.length;
    // Where only the page itself names its encoding, readers part.
    if (every || isOfSample || (bom === 'none' && header === 'none')) rows.push({ bom, header, meta, content });
  }))));
  return rows.map((row) => ({
    ...row,
    name: Object.entries(row).map(([way, what]) => `${way}: ${what}`).join(', '),
    type: `text/html${headers[row.header]}`,
    body: document(row),
  }));
}

function document({ bom, meta, content }) {
  const declaration = meta === 'xml declaration' ? "<?xml version='1.0' encoding='windows-1257'?>" : '';
  const before = `${declaration}<!doctype html><html><head>${metas[meta]}<title>`;
  const after = '</title></head><body><p>';
  if (content === 'utf-16le') {
    const text = Buffer.from(`${before}grüße${after}grüße`, 'utf16le');
    return Buffer.concat([Buffer.from(boms[bom]), text]);
  }
  const parts = [boms[bom], bytes(before), contents[content], bytes(after), contents[content]];
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}
