/**
 * Whether this is a page or one of its workers, as `runtime` in src/platform/browser/globals.rs sees it: there the
 * platform keeps some things to itself.
 */
export function isInPage() {
  const { navigator, Window, WorkerGlobalScope } = globalThis;
  const isBrowsers = typeof Window === "function" || typeof WorkerGlobalScope === "function";
  return isBrowsers && !/^(Cloudflare-Workers|Deno\/|Bun\/|Node\.js\/)/.test(navigator?.userAgent ?? "");
}
