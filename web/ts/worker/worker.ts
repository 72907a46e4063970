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
const pause = 300; // milliseconds until what came in is written
const most = 600; // documents that are kept
const here = location.origin;
const inbox = "/share/received";

// kept reports whether a document is of those that checking needs.
const evidence = (path: string) => path === "/checkpoint" || path.startsWith("/tile/") || path === "/frozen" || path === "/observer" || path === "/trusted_root.json" || path.startsWith("/api/v1/publications/") || path === "/api/v1/trust.json";

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

// networkFirst asks the network, and falls back on what was kept of this address where no
// answer comes in time; where none comes at all, on another page, such as the first one.
// Nothing stands between a request and the network, nor between its answer and the page.
async function networkFirst(e: Fetching, other: string | undefined): Promise<Response> {
  const network = fetch(e.request).then((res) => {
    const secret = /no-store/.test(res.headers.get("Cache-Control") ?? "");
    if (res.ok && res.type === "basic" && !secret) e.waitUntil(keep(e.request.url, res.clone()));
    // That there is no such document is an answer too.
    if (res.status === 404 && other === undefined) e.waitUntil(keep(e.request.url, new Response(null, { status: 404 })));
    return res;
  });
  // A gateway that answers for a service that is down knows nothing of it.
  const answer = network.then((res) => (res.status === 502 || res.status === 503 || res.status === 504 ? undefined : res), () => undefined);
  let timer = 0;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), patience)));
  const first = await Promise.race([answer, late]);
  clearTimeout(timer);
  if (first) return first;
  const own = await find(e.request.url);
  if (own) return saved(own);
  // An answer that is only slow is waited for: another page would be taken for this one.
  const slow = await answer;
  if (slow) return slow;
  const kept = other === undefined ? undefined : await find(new URL(other, here).href);
  return kept ? saved(kept) : network;
}

// saved marks what was kept, for the script that asked for it, and a page for its reader.
async function saved(kept: Response): Promise<Response> {
  const headers = new Headers(kept.headers);
  headers.set("Sijil-Saved", "1");
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  const html = headers.get("Content-Type")?.startsWith("text/html");
  return new Response(html ? (await kept.text()).replace(' id="saved" hidden', ' id="saved"') : kept.body, { status: kept.status, headers });
}

// What came in and is not written yet, by address.
const fresh = new Map<string, Response>();
let writing: Promise<void> | undefined;

const find = async (address: string) => fresh.get(address)?.clone() ?? (await (await caches.open(pages)).match(address));

// keep stores an answer, with all that come soon after it: a page asks for many documents
// at once, and waits for them while each write would hold up the next answer.
function keep(address: string, res: Response): Promise<void> {
  fresh.delete(address);
  fresh.set(address, res);
  return (writing ??= new Promise((done) => setTimeout(done, pause)).then(write).finally(() => (writing = undefined)));
}

// write stores what came in, and drops the oldest documents where there are too many. If
// it ends early, what is not written is fetched again.
async function write(): Promise<void> {
  const cache = await caches.open(pages);
  for (const [address, res] of fresh) {
    await cache.delete(address);
    await cache.put(address, res.clone());
    if (fresh.get(address) === res) fresh.delete(address);
  }
  const all = await cache.keys();
  for (const old of all.slice(0, Math.max(0, all.length - most))) await cache.delete(old);
}

export {};
