// The service worker: it keeps pages, scripts and evidence for when there is no network,
// and takes what other apps share, so that nothing shared reaches a server.
//
// Evidence and pages come from the network whenever it answers. What was kept instead is
// marked with the header Sijil-Saved, so that no verdict calls it today's. It is verified
// like any other evidence: this worker is a cache, and nothing is believed because it
// came from here.

interface Extendable extends Event {
  waitUntil(p: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(p: Promise<Response>): void;
}
interface Message extends Extendable {
  readonly data: unknown;
}
const worker = globalThis as unknown as {
  addEventListener(kind: string, listener: (e: never) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
};

const pages = "sijil-pages-1";
const shared = "sijil-shared-1";
const patience = 5000; // milliseconds that the network has, where something is kept
const most = 600; // documents that are kept
const here = location.origin;
const inbox = "/share/received";

// kept reports whether a document is of those that checking needs.
const evidence = (path: string) => path === "/checkpoint" || path.startsWith("/tile/") || path === "/frozen" || path === "/trusted_root.json" || path.startsWith("/api/v1/publications/") || path === "/api/v1/trust.json";

worker.addEventListener("install", (e: Extendable) => e.waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (e: Extendable) =>
  e.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== pages && name !== shared && name.startsWith("sijil-")) await caches.delete(name);
      await worker.clients.claim();
    })(),
  ),
);

// A page says what it needs to be opened without a network.
worker.addEventListener("message", (e: Message) => {
  const list = (e.data as { keep?: unknown }).keep;
  if (!Array.isArray(list)) return;
  e.waitUntil(
    (async () => {
      const cache = await caches.open(pages);
      for (const address of list) {
        const url = new URL(String(address), here);
        if (url.origin !== here || (url.pathname.startsWith("/static/") && (await cache.match(url.href)))) continue;
        const res = await fetch(url.href).catch(() => undefined);
        if (res?.ok) await cache.put(url.href, res);
      }
    })(),
  );
});

worker.addEventListener("fetch", (e: Fetching) => {
  const url = new URL(e.request.url);
  if (url.origin !== here) return;
  const path = url.pathname.replace(/^\/(en|fr|ar)(?=\/)/, "");
  if (path === "/share" && e.request.method === "POST") return e.respondWith(take(e.request, url.pathname.slice(0, url.pathname.length - "/share".length)));
  if (path === inbox) return e.respondWith(give());
  if (e.request.method !== "GET") return;
  if (path.startsWith("/static/")) return e.respondWith(keptFirst(e.request));
  if (evidence(path)) return e.respondWith(networkFirst(e, undefined));
  if (e.request.mode === "navigate") return e.respondWith(networkFirst(e, `${url.pathname.slice(0, url.pathname.length - path.length)}/`));
});

// take keeps what another app shared until the page asks for it.
async function take(request: Request, prefix: string): Promise<Response> {
  const cache = await caches.open(shared);
  await cache.put(inbox, new Response(await request.blob(), { headers: { "Content-Type": request.headers.get("Content-Type") ?? "", "Sijil-Shared": "1" } }));
  return Response.redirect(`${prefix}/?shared`, 303);
}

// give hands it over, once.
async function give(): Promise<Response> {
  const cache = await caches.open(shared);
  const res = await cache.match(inbox);
  await cache.delete(inbox);
  return res ?? new Response(null, { status: 204 });
}

async function keptFirst(request: Request): Promise<Response> {
  const cache = await caches.open(pages);
  const kept = await cache.match(request);
  if (kept) return kept;
  const res = await fetch(request);
  if (res.ok) await cache.put(request, res.clone());
  return res;
}

// networkFirst asks the network, and falls back on what was kept: of this address, or of
// another, such as the first page.
async function networkFirst(e: Fetching, other: string | undefined): Promise<Response> {
  const cache = await caches.open(pages);
  const kept = (await cache.match(e.request)) ?? (other === undefined ? undefined : await cache.match(new URL(other, here).href));
  const network = fetch(e.request).then((res) => {
    const secret = /no-store/.test(res.headers.get("Cache-Control") ?? "");
    if (res.ok && res.type === "basic" && !secret) e.waitUntil(keep(cache, e.request, res.clone()));
    // That there is no such document is an answer too.
    if (res.status === 404 && other === undefined) e.waitUntil(keep(cache, e.request, new Response(null, { status: 404 })));
    return res;
  });
  if (!kept) return network;
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), patience));
  const res = await Promise.race([network.catch(() => undefined), late]);
  // A gateway that answers for a service that is down knows nothing of it.
  if (res && res.status !== 502 && res.status !== 503 && res.status !== 504) return res;
  const headers = new Headers(kept.headers);
  headers.set("Sijil-Saved", "1");
  headers.delete("Content-Encoding");
  return new Response(kept.body, { status: kept.status, headers });
}

// keep stores an answer, and drops the oldest ones where there are too many.
async function keep(cache: Cache, request: Request, res: Response): Promise<void> {
  await cache.delete(request);
  await cache.put(request, res);
  const all = await cache.keys();
  for (const old of all.slice(0, Math.max(0, all.length - most))) await cache.delete(old);
}

export {};
