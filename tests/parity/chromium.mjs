// The rows of the fixtures in headless Chromium, by the package's own files in a page of another origin.

import { launch } from '../../scripts/npm/chromium.mjs';
import { servePage } from '../../scripts/npm/page.mjs';

export async function inChromium(urls) {
  const server = await servePage();
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    return await page.evaluate(async (urls) => {
      const { Session } = await import('dualfetch');
      const { rows } = await import('/tests/parity/rows.mjs');
      return rows(Session, urls);
    }, urls);
  } finally {
    await browser.close();
    server.close();
  }
}
