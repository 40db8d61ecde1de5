// What one list of answers must become natively, in Node and in Chromium alike. Each has a name, which is its path.

/** Text and its bytes in the encoding named, as a library of another kin wrote them. */
const samples = [
  ['windows-1251', 'cff0e8e2e5f22c20ece8f02120d1fae5f8fc20e5f9b820fdf2e8f520ecffe3eae8f520f4f0e0edf6f3e7f1eae8f520e1f3ebeeea'],
  ['koi8-r', 'f0d2c9d7c5d42c20cdc9d22120f3dfc5dbd820c5dda320dcd4c9c820cdd1c7cbc9c820c6d2c1cec3d5dad3cbc9c820c2d5cccfcb'],
  ['iso-8859-5', 'bfe0d8d2d5e22c20dcd8e02120c1ead5e8ec20d5e9f120ede2d8e520dcefd3dad8e520e4e0d0dde6e3d7e1dad8e5'],
  ['ibm866', '8fe0a8a2a5e22c20aca8e0212091eaa5e8ec20a5e9f120ede2a8e520acefa3aaa8e520e4e0a0ade6e3a7e1aaa8e5'],
  ['shift_jis', '904682cd93f582d682c78e5582e882ca82e982f02089e482aa90a2924e82bc8fed82c882e782de'],
  ['euc-jp', 'bfa7a4cfc6f7a4d8a4c9bbb6a4eaa4cca4eba4f220b2e6a4acc0a4c3afa4bebeefa4caa4e9a4e0'],
  ['iso-2022-jp', '1b24423f27244f4677245824493b36246a244c246b24721b2842201b24423266242c4024432f243e3e6f244a246924601b2842'],
  ['gbk', 'ccecb5d8d0febbc6a3acd3eed6e6bae9bbc4a1a3c8d5d4c2d3afeabea3acb3bdcbdec1d0d5c5'],
  ['gb18030', 'ccecb5d8d0febbc6a3acd3eed6e6bae9bbc4a1a3c8d5d4c2d3afeabea3acb3bdcbdec1d0d5c5'],
  ['big5', 'a4d1a661a5c8b6c0a141a674a97aac78afeea143a4e9a4ebacd5cccaa141a8b0b14aa643b169'],
  ['euc-kr', 'b3aab6f9b8bbbdceb9cc20c1dfb1b9bfa120b4debec620b9aec0dabfcdb7ce20bcadb8a320bbe7b8c0b5f0'],
  ['windows-1250', '50f8ed6c699a209e6c759d6f75e86bfd206bf9f220fa70ec6c20efe162656c736be920f36479'],
  ['iso-8859-2', '50f8ed6c69b920be6c75bb6f75e86bfd206bf9f220fa70ec6c20efe162656c736be920f36479'],
  ['windows-1252', '566f697820616d62696775eb206492756e20639c7572207175692c206175207ae9706879722c207072e966e8726520'],
  ['windows-1253', 'cee5f3eae5f0dce6f920f4e7ed20f8f5f7eff6e8fcf1e120e2e4e5ebf5e3ecdfe1'],
  ['windows-1255', 'e3e220f1f7f8ef20f9e820e1e9ed20eee0e5ebe6e120e5ecf4faf220eef6e020e7e1f8e4'],
  ['windows-874', 'e0bbe7b9c1b9d8c9c2eccad8b4bbc3d0e0cac3d4b0e0c5d4c8a4d8b3a4e8d2'],
  ['windows-1254', '50696a616d616cfd206861737461207961f0fd7a20fe6f66f6726520e761627563616b2067fc76656e6469'],
  ['macintosh', '46616c7363686573208662656e20766f6e2058796c6f70686f6e6d7573696b2071758a6c74206a6564656e2067729aa76572656e'],
];

const html = 'text/html';

/** Every fixture: a name and what the server does for it. */
export const fixtures = [
  ...samples.flatMap(([encoding, hex]) => {
    const sample = Buffer.from(hex, 'hex');
    return [
      page(`header ${encoding}`, `${html}; charset=${encoding}`, sample),
      page(`meta ${encoding}`, html, sample, `<meta charset="${encoding}">`),
    ];
  }),
  ...['windows-1251', 'shift_jis', 'euc-jp', 'gbk', 'big5', 'euc-kr', 'windows-1252', 'windows-1253'].map(
    (encoding) => page(`unlabelled ${encoding}`, html, sampleOf(encoding)),
  ),
  page('header utf-8', `${html}; charset=utf-8`, utf8('Ελληνικά, 中文, עברית')),
  page('meta utf-8', html, utf8('naïve café'), '<meta charset=utf-8>'),
  page('unlabelled utf-8', html, utf8('naïve café')),
  page('unlabelled ascii', html, utf8('plain')),
  page('header iso-8859-1 means windows-1252', `${html}; charset=ISO-8859-1`, sampleOf('windows-1252')),
  page('labelled windows-1252 and ascii all along', `${html}; charset=latin1`, utf8('plain')),
  page('an unknown label', `${html}; charset=klingon`, utf8('naïve')),
  page('an unknown label and another encoding', `${html}; charset=klingon`, sampleOf('windows-1251')),
  page('header over meta', `${html}; charset=windows-1251`, sampleOf('windows-1251'), '<meta charset=koi8-r>'),
  page('a meta that says utf-16', html, utf8('naïve'), '<meta charset=utf-16>'),
  page('a late meta', html, sampleOf('koi8-r'), `<!--${'x'.repeat(2000)}--><meta charset=koi8-r>`),
  page('a late meta after text', html, sampleOf('windows-1251'), `<!--${'é'.repeat(900)}--><meta charset=windows-1251>`),
  page('utf-8 with flaws', html, Buffer.concat([utf8('é'.repeat(40)), Buffer.from([0xff]), utf8('ende')])),
  page('utf-8 in small pieces', html, utf8('naïve 中文'), '', { pieces: 7 }),
  page('windows-1251 in small pieces', html, sampleOf('windows-1251'), '', { pieces: 5 }),
  whole('utf-8 by its mark', html, Buffer.concat([Buffer.from('efbbbf', 'hex'), utf8('<title>é</title>')])),
  whole('utf-16le by its mark', html, Buffer.from('\ufeff<title>é 中</title>', 'utf16le')),
  whole('utf-16be by its mark', html, Buffer.from('\ufeff<title>é 中</title>', 'utf16le').swap16()),
  whole('utf-16le by its header', `${html}; charset=utf-16`, Buffer.from('<title>é 中</title>', 'utf16le')),
  whole('x-user-defined', `${html}; charset=x-user-defined`, Buffer.from('<title>a\xe9</title>', 'latin1')),
  whole('replacement', `${html}; charset=iso-2022-kr`, utf8('<title>hidden</title>')),
  whole('plain text', 'text/plain; charset=koi8-r', sampleOf('koi8-r')),
  whole('json is not read for a title', 'application/json', utf8('{"title": "é"}')),
  whole('xml by its declaration', 'text/xml', Buffer.concat([utf8('<?xml version="1.0" encoding="windows-1251"?><a>'), sampleOf('windows-1251'), utf8('</a>')])),
  whole('an svg title', html, utf8('<svg><title>not this</title></svg><title>this</title>')),
  whole('a title in the body', html, utf8('<p>text<title>late</title>')),
  whole('two titles', html, utf8('<title>first</title><title>second</title>')),
  whole('white space', html, utf8('<title>\n a \t b\u00a0c \f</title>')),
  whole('entities', html, utf8('<title>a &amp; b &#x1F600; &notin; &copy</title>')),
  whole('tags in a title', html, utf8('<title>a <b>b</b></title>')),
  whole('an empty title', html, utf8('<title></title>')),
  whole('no title', html, utf8('<p>nothing')),
  whole('a title that does not end', html, utf8('<title>open')),
  whole('no body at all', html, Buffer.alloc(0)),
  whole('no content type', undefined, utf8('<title>untyped</title>')),
  whole('a 404 with a page', html, utf8('<title>Not here</title>'), { status: 404 }),
  whole('a 500 with a page', html, utf8('<title>Broken</title>'), { status: 500 }),
  whole('gzip', html, utf8('<title>packed é</title>'), { coding: 'gzip' }),
  whole('br', html, utf8('<title>pressed é</title>'), { coding: 'br' }),
  whole('a large page', html, Buffer.concat([utf8('<title>large</title>'), Buffer.alloc(600_000, 0x20)])),
  { name: 'a redirect', redirect: 'two titles' },
  { name: 'a redirect loop', redirect: 'a redirect loop' },
  { name: 'a hang', fault: 'hang' },
  { name: 'half a head', fault: 'half a head' },
  { name: 'half a body', fault: 'half a body' },
  { name: 'no http', fault: 'no http' },
  { name: 'a port where nobody listens', fault: 'refused' },
  { name: 'another scheme', url: 'ftp://example.invalid/' },
  { name: 'no url', url: 'http://[::1' },
];

function page(name, type, title, head = '', more = {}) {
  const body = Buffer.concat([utf8(`<!doctype html><head>${head}<title>`), title, utf8('</title></head><p>'), title]);
  return whole(name, type, body, more);
}

function whole(name, type, body, more = {}) {
  return { name, type, body, ...more };
}

function sampleOf(encoding) {
  return Buffer.from(samples.find(([name]) => name === encoding)[1], 'hex');
}

function utf8(text) {
  return Buffer.from(text, 'utf8');
}
