// Where Chromium, parse5 and this crate are known to give a page different titles, and why. Each entry is to hold for as
// few pages as can be; a difference that none explains fails the test.

import { byParse5 } from './parsers.mjs';

/**
 * `who` differs from ours: of `chromium` and `parse5`, one or both. `is` is given the page and all three answers.
 * `example` is the least page for which it is so.
 */
export const differences = [
  {
    why: 'Chromium takes control characters in a title for white space; by the standard only ASCII white space is.',
    who: ['chromium'],
    example: '<title>a&#1;</title>',
    is: ({ ours, chromium }) =>
      ours !== null && /[\x01-\x08\x0e-\x1f\x7f]/.test(ours) && chromium === ours.replace(/[\0-\x0a\x0c-\x20\x7f]+/g, ' ').replace(/^ | $/g, ''),
  },
  {
    why: 'Chromium drops a NUL before the tree builder sees it; by the standard one in front of the body begins the body.',
    who: ['chromium'],
    example: '\0<title>a</title><frameset>',
    is: ({ page, ours, chromium, parse5 }) =>
      page.includes('\0') && hasFrameset(page) && parse5 === ours && chromium === byParse5(page.replaceAll('\0', '')),
  },
  {
    why: 'Chromium lets a replacement character (that of a reference, too) leave frameset-ok; by the standard it is text.',
    who: ['chromium'],
    example: '<p>&#0;<title>a</title><frameset>',
    is: ({ page, ours, chromium, parse5 }) =>
      hasFrameset(page) && parse5 === ours && chromium === byParse5(page.replace(replacements, '\0')),
  },
  {
    why: 'A template leaves frameset-ok in Chromium; by the standard it sets it to "not ok".',
    who: ['chromium'],
    example: '<template></template><b><title>a</title><frameset>',
    is: ({ page, ours, parse5 }) => /<template[\s/>][^]*<frameset[\s/>]/i.test(page) && parse5 === ours && ours !== null,
  },
  {
    why: 'Chromium and parse5 know no CDATA sections directly within an integration point; by the standard its namespace counts.',
    who: ['chromium', 'parse5'],
    example: '<svg><desc><![CDATA[><title>a</title>',
    is: ({ page, ours, chromium, parse5 }) =>
      page.includes('<![CDATA[') && chromium === parse5 && parse5 === byParse5(page.replaceAll('<![CDATA[', '<![cdata[')) && ours !== parse5,
  },
  {
    why: 'html5ever 0.40 does not take annotation-xml for a scope marker, nor for a special element.',
    who: ['chromium', 'parse5'],
    example: '<div><math><annotation-xml></div><title>a</title>',
    is: ({ page, ours, chromium, parse5 }) =>
      chromium === parse5 && /<annotation-xml/i.test(page) && (ours === byParse5(page.replace(/annotation-xml/gi, 'mrow')) || /<annotation-xml[^>]*encoding/i.test(page)),
  },
  {
    why: 'html5ever 0.40 does not take the integration points of SVG and MathML for special elements: an end tag reaches out of them.',
    who: ['chromium', 'parse5'],
    example: '<span><svg><desc></span></desc><title>a</title>',
    is: ({ page, chromium, parse5 }) => chromium === parse5 && reachesOut(page),
  },
  {
    why: 'parse5 8 parses select by the rules before 2025, which drop most tags in it.',
    who: ['parse5'],
    example: '<select><title>a</title></select>',
    is: ({ page, chromium, parse5 }) => chromium !== parse5 && /<select[\s/>]/i.test(page),
  },
];

const replacements = /\ufffd|&#(?:0+|x0+|xd[89a-f][0-9a-f]{2}|11141\d\d)(?![0-9a-f]);?/gi;

function hasFrameset(page) {
  return /<frameset[\s/>]/i.test(page);
}

/** Whether an end tag within an integration point is that of an element around it. */
function reachesOut(page) {
  const open = [];
  for (const [, slash, name] of page.toLowerCase().matchAll(/<(\/?)([a-z][^\s/>]*)/g)) {
    if (!slash) {
      open.push(name);
      continue;
    }
    const at = open.lastIndexOf(name);
    if (at < 0) continue;
    if (open.slice(at + 1).some((inner) => points.has(inner))) return true;
    open.length = at;
  }
  return false;
}

const points = new Set(['desc', 'foreignobject', 'title', 'mi', 'mo', 'mn', 'ms', 'mtext', 'annotation-xml']);
