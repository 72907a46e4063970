// Loads scripts that are held to a digest.

// pinned imports a module if its file has the digest, and is rejected where it has not or
// is not to be had, which no browser tells apart. The browser checks it while it
// preloads, and the import takes what was preloaded; a string becomes no script, so that
// pages with Trusted Types need no policy for it. Safari before 17 preloads no modules,
// and knows no Trusted Types: there an element with the same digest does it.
export async function pinned<T>(address: string, integrity: string): Promise<T> {
  const link = document.createElement("link");
  const preloads = link.relList.supports("modulepreload");
  const e = preloads ? Object.assign(link, { rel: "modulepreload", href: address }) : Object.assign(document.createElement("script"), { type: "module", src: address });
  await new Promise((onload, onerror) => document.head.append(Object.assign(e, { integrity, crossOrigin: "", onload, onerror })));
  return (await import(address)) as T;
}
