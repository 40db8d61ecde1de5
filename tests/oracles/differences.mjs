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
      ours !== null &&
      /[\x01-\x08\x0e-\x1f\x7f]/.test(ours) &&
      chromium === ours.replace(/[\0-\x0a\x0c-\x20\x7f]+/g, ' ').replace(/^ | $/g, ''),
  },
  {
    why: 'Chromium drops a NUL before the tree builder sees it; by the standard one before the body begins the body.',
    who: ['chromium'],
    example: '\0<title>a</title><frameset>',
    is: ({ page, ours, chromium, parse5 }) =>
      page.includes('\0') && hasFrameset(page) && parse5 === ours && chromium === byParse5(page.replaceAll('\0', '')),
  },
  {
    why: 'A replacement character, of a reference or not, leaves frameset-ok in Chromium; by the standard it is text.',
    who: ['chromium'],
    example: '<p>&#0;<title>a</title><frameset>',
    is: ({ page, ours, chromium, parse5 }) =>
      hasFrameset(page) && parse5 === ours && chromium === byParse5(page.replace(replacements, '\0')),
  },
  {
    why: 'A template leaves frameset-ok in Chromium; by the standard it sets it to "not ok".',
    who: ['chromium'],
    example: '<template></template><b><title>a</title><frameset>',
    is: ({ page, ours, parse5 }) =>
      /<template[\s/>][^]*<frameset[\s/>]/i.test(page) && parse5 === ours && ours !== null,
  },
  {
    why: 'Right within an integration point Chromium and parse5 know no CDATA; by the standard its namespace counts.',
    who: ['chromium', 'parse5'],
    example: '<svg><desc><![CDATA[><title>a</title>',
    is: ({ page, chromium, parse5 }) =>
      sectionInPoint.test(page) &&
      chromium === parse5 &&
      parse5 === byParse5(page.replaceAll('<![CDATA[', '<![cdata[')),
  },
  {
    why: 'html5ever 0.40 does not take annotation-xml for a scope marker, nor for a special element.',
    who: ['chromium', 'parse5'],
    example: '<div><math><annotation-xml></div><title>a</title>',
    is: ({ page, ours, chromium, parse5 }) => {
      if (!/<annotation-xml/i.test(page)) return false;
      if (chromium !== parse5) return chromium !== ours && hasSelect(page) && reachesOut(page);
      return ours === byParse5(page.replace(/annotation-xml/gi, 'mrow')) || /<annotation-xml[^>]*encoding/i.test(page);
    },
  },
  {
    why: 'html5ever 0.40 does not take integration points for special elements: an end tag reaches out of them.',
    who: ['chromium', 'parse5'],
    example: '<span><svg><desc></span></desc><title>a</title>',
    is: ({ page, ours, chromium, parse5 }) =>
      (chromium === parse5 || (chromium !== ours && hasSelect(page))) && reachesOut(page),
  },
  {
    why: 'parse5 8 parses select by the rules before 2025, which drop most tags in it.',
    who: ['parse5'],
    example: '<select><title>a</title></select>',
    is: ({ page, chromium, parse5 }) => chromium !== parse5 && hasSelect(page),
  },
  {
    why: 'parse5 8 does not take a template for a marker of table scope: a tag in it reaches a table around it.',
    who: ['parse5'],
    example: '<table><template><tbody><table><title>a</title>',
    is: ({ page, chromium, parse5 }) => chromium !== parse5 && tableAroundTemplate.test(page),
  },
];

const replacements = /\ufffd|&#(?:0+|x0+|xd[89a-f][0-9a-f]{2}|11141\d\d)(?![0-9a-f]);?/gi;

const sectionInPoint =
  /<(?:svg|math)[\s/>][^]*<(?:desc|foreignobject|title|m[inos]|mtext|annotation-xml)[\s/>][^]*<!\[CDATA\[/i;

const tableAroundTemplate =
  /<table[\s/>][^]*<template[\s/>][^]*<\/?(?:caption|t(?:able|body|d|foot|h|head|r))[\s/>]/i;

function hasFrameset(page) {
  return /<frameset[\s/>]/i.test(page);
}

/** There parse5 goes a way of its own, so that it cannot tell whether Chromium has the standard on its side. */
function hasSelect(page) {
  return /<select[\s/>]/i.test(page);
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
    const root = open.findIndex((outer) => outer === 'svg' || outer === 'math');
    if (root >= 0 && open.some((inner, place) => place > Math.max(at, root) && points.has(inner))) return true;
    open.length = at;
  }
  return false;
}

const points = new Set(['desc', 'foreignobject', 'title', 'mi', 'mo', 'mn', 'ms', 'mtext', 'annotation-xml']);
