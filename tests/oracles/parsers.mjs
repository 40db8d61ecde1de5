// What others say a page's title is: `null` where it has none.

import { launch } from '../../scripts/npm/chromium.mjs';
import { servePage } from '../../scripts/npm/page.mjs';
import { parse } from '../../scripts/npm/parse5.mjs';

const xhtml = 'http://www.w3.org/1999/xhtml';

/** By parse5. A template's content is no child of it. */
export function byParse5(page) {
  const next = [parse(page, { scriptingEnabled: true })];
  while (next.length > 0) {
    const node = next.pop();
    if (node.tagName === 'title' && node.namespaceURI === xhtml) return collapsed(node.childNodes);
    for (let child = (node.childNodes?.length ?? 0) - 1; child >= 0; child--) next.push(node.childNodes[child]);
  }
  return null;
}

function collapsed(nodes) {
  const text = nodes.map((node) => node.value ?? '').join('');
  return text.replace(/[\t\n\f\r ]+/g, ' ').replace(/^ | $/g, '');
}

/** Chromium: `titles(pages)`, each page in a frame of its own, and `close()`. */
export async function startChromium() {
  const server = await servePage();
  const browser = await launch();
  const page = await browser.newPage();
  await page.goto(server.url);
  const titles = async (pages) => {
    const batches = [];
    for (let at = 0; at < pages.length; at += 256) batches.push(pages.slice(at, at + 256));
    const all = [];
    for (const batch of batches) all.push(...(await page.evaluate(inFrames, { pages: batch, xhtml })));
    return all;
  };
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { titles, version: browser.version(), close };
}

/** Runs in the browser. */
async function inFrames({ pages, xhtml }) {
  const titles = [];
  let next = 0;
  await Promise.all(Array.from({ length: 8 }, worker));
  return titles;

  async function worker() {
    const frame = document.body.appendChild(document.createElement('iframe'));
    while (next < pages.length) {
      const at = next++;
      const url = URL.createObjectURL(new Blob([pages[at]], { type: 'text/html;charset=utf-8' }));
      const loaded = new Promise((resolve) => (frame.onload = resolve));
      frame.src = url;
      await loaded;
      const own = frame.contentDocument;
      titles[at] = own.getElementsByTagNameNS(xhtml, 'title').length > 0 ? own.title : null;
      URL.revokeObjectURL(url);
    }
    frame.remove();
  }
}
