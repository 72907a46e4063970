// Splits a page into tags and what is between them, as the HTML standard does, without
// making a tree: what the browser's own parser is given is bounded before.

export interface Tag {
  name: string;
  kind: "start" | "end" | "closed" | "other"; // closed ends itself; other is text, comments and the like
  attrs: Map<string, string>;
  from: number;
  to: number;
  raw: boolean; // text in an element that holds no tags
}

const blank = " \\t\\n\\r\\f";
const tagName = new RegExp(`[^${blank}/>]*[${blank}]*`, "y");
const attribute = new RegExp(`(=?[^${blank}/>=]*)[${blank}]*(/|=[${blank}]*("[^"]*(?:"|$)|'[^']*(?:'|$)|[^${blank}>]*))?[${blank}]*`, "y");
const begins = /<[a-zA-Z/!?]/g;
const script = new RegExp(`<!--|-->|<(/?)script[${blank}/>]`, "gi");
const rawTags = /^(?:iframe|noembed|noframes|noscript|plaintext|script|style|textarea|title|xmp)$/;

// tokens calls visit for each tag and for what is between two, until visit is false or
// the page ends.
export function tokens(s: string, visit: (t: Tag) => boolean | void): void {
  const none = new Map<string, string>();
  const other = (from: number, to: number, raw = false) => visit({ name: "", kind: "other", attrs: none, from, to, raw }) !== false;
  for (let at = 0; at < s.length; ) {
    begins.lastIndex = at;
    const i = begins.exec(s)?.index ?? s.length;
    if (i > at && !other(at, i)) return;
    if (i >= s.length) return;
    const c = s[i + 1] as string;
    const ends = c === "/";
    if (/[a-zA-Z]/.test(s[i + (ends ? 2 : 1)] ?? "")) {
      const t = readTag(s, i, ends);
      if (!t || visit(t) === false) return;
      at = t.to;
      if (ends || !rawTags.test(t.name)) continue;
      const to = rawEnd(s, at, t.name);
      if (to > at && !other(at, to, true)) return;
      at = to;
    } else {
      at = notTag(s, i);
      if (!other(i, at)) return;
    }
  }
}

// notTag is where a comment, a document type or a processing instruction ends.
function notTag(s: string, i: number): number {
  if (s.startsWith("<!--", i)) {
    const short = /^-?>/.exec(s.slice(i + 4, i + 6));
    if (short) return i + 4 + short[0].length;
    const re = /--!?>/g;
    re.lastIndex = i + 4;
    return re.exec(s) ? re.lastIndex : s.length;
  }
  const end = s.indexOf(">", i + 2);
  return end < 0 ? s.length : end + 1;
}

// readTag reads a tag; undefined when the page ends in it.
function readTag(s: string, from: number, ends: boolean): Tag | undefined {
  let at = (tagName.lastIndex = from + (ends ? 2 : 1));
  const name = (tagName.exec(s) as RegExpExecArray)[0].trim().toLowerCase();
  at = tagName.lastIndex;
  const attrs = new Map<string, string>();
  let slash = at > 0 && s[at - 1] === "/";
  while (at < s.length && s[at] !== ">") {
    attribute.lastIndex = at;
    const m = attribute.exec(s) as RegExpExecArray;
    const key = (m[1] as string).toLowerCase();
    if (key && !attrs.has(key)) attrs.set(key, (m[3] ?? "").replace(/^(["'])(.*)\1$/s, "$2"));
    slash = m[2] === "/" && m[0].endsWith("/");
    at = attribute.lastIndex;
  }
  if (at >= s.length) return undefined;
  return { name, kind: ends ? "end" : slash ? "closed" : "start", attrs, from, to: at + 1, raw: false };
}

// rawEnd is where the text of an element ends that holds no tags.
function rawEnd(s: string, at: number, name: string): number {
  if (name === "plaintext") return s.length;
  if (name !== "script") {
    const re = new RegExp(`</${name}[${blank}/>]`, "gi");
    re.lastIndex = at;
    return re.exec(s)?.index ?? s.length;
  }
  // A program may stand in a comment, and a program's tags in that again.
  let depth = 0;
  script.lastIndex = at;
  for (let m; (m = script.exec(s)); ) {
    if (m[0] === "<!--") {
      depth = Math.max(depth, 1);
      script.lastIndex = m.index + 2; // its dashes may be those that end it
    } else if (m[0] === "-->") depth = 0;
    else if (m[1] && depth < 2) return m.index;
    else if (m[1]) depth = 1;
    else if (depth === 1) depth = 2;
  }
  return s.length;
}
