// Loads scripts that are held to a digest.

// pinned imports a module if its file has the digest. The browser checks it while it
// preloads, and the import takes what was preloaded; a string becomes no script, so that
// pages with Trusted Types need no policy for it. Safari before 17 preloads no modules,
// and knows no Trusted Types: there an element with the same digest does it.
export async function pinned<T>(address: string, integrity: string): Promise<T> {
  const link = document.createElement("link");
  const preloads = link.relList.supports("modulepreload");
  const e = preloads ? Object.assign(link, { rel: "modulepreload", href: address }) : Object.assign(document.createElement("script"), { type: "module", src: address });
  Object.assign(e, { integrity, crossOrigin: "anonymous" });
  await new Promise<void>((done, failed) => {
    e.addEventListener("load", () => done());
    e.addEventListener("error", () => failed(new Error(`${address}: is not to be had, or is another file than it was`)));
    document.head.append(e);
  });
  return (await import(address)) as T;
}
