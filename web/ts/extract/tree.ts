// The tree of a page, as the browser's own parser makes it: inert, so that no program in
// it runs and nothing that it names is loaded. Where the browser's names and those of
// internal/extract differ, this is where they are made the same.

export const nameOf = (n: Element) => n.localName;

// attribute is an attribute by its name without a prefix; undefined when there is none.
export function attribute(n: Element, name: string): string | undefined {
  const v = n.getAttribute(name);
  if (v !== null) return v;
  if (n.namespaceURI?.endsWith("xhtml")) return undefined;
  for (const a of n.attributes) if (a.localName === name) return a.value;
  return undefined;
}

// attr is an attribute, empty when there is none.
export const attr = (n: Element, name: string) => attribute(n, name) ?? "";
export const has = (n: Element, name: string) => attribute(n, name) !== undefined;

type Worked = { work: number };

// previousElement and nextElement count the nodes that are passed over.
export function previousElement(w: Worked, n: Element): Element | null {
  let o = n.previousSibling;
  for (; o && o.nodeType !== 1; o = o.previousSibling) w.work++;
  return o as Element | null;
}

export function nextElement(w: Worked, n: Element): Element | null {
  let o = n.nextSibling;
  for (; o && o.nodeType !== 1; o = o.nextSibling) w.work++;
  return o as Element | null;
}
