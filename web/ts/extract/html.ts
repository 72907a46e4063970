// Parses a page within bounds, and gathers its style sheets. Mirrors
// internal/extract/html.go. The tree is made by the browser's own parser, of a document
// that is never shown: no program in it runs and nothing that it names is loaded.
import { tooDeep, tooLarge } from "./copy.ts";
import { legacyColor } from "./cascade.ts";
import { addSheet, type Sheet } from "./css.ts";
import { number } from "./cssvalue.ts";
import { leave, type Lines } from "./lines.ts";
import { tokens, type Tag } from "./token.ts";
import { attr, has, nameOf } from "./tree.ts";
import { cut, hasText, lower, set, trim } from "./words.ts";

// What a page may hold.
const maxHTML = 5 << 20;
const maxHTMLDepth = 512;
const maxHTMLNodes = 400_000;
const maxAttributes = 1000; // of one element
const maxRoots = 100; // html and body tags: each adds to the first

// formatting are elements that a browser opens again behind a block that was closed
// around them, so that few bytes can make many elements.
const formatting = set("a b big code em font i nobr s small strike strong tt u");
const endless = set("area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr");
const optional = set("p li dt dd option optgroup tr td th tbody thead tfoot colgroup rt rp html body head");

interface Policies {
  createPolicy(name: string, rules: { createHTML(s: string): string }): { createHTML(s: string): string };
}

let policy: { createHTML(s: string): string } | undefined;

// inert says, where the page asks for Trusted Types, that a stranger's page goes into a
// parser that runs nothing, loads nothing, and whose tree is never put into a document.
function inert(source: string): string {
  const types = (globalThis as { trustedTypes?: Policies }).trustedTypes;
  policy ??= types?.createPolicy("sijil-inert", { createHTML: (s) => s });
  return policy ? policy.createHTML(source) : source;
}

// parseHTML returns the tree of a page; undefined where the browser's may be another than
// the service's, which reads the page instead.
export function parseHTML(file: Uint8Array): Document | undefined {
  if (file.length > maxHTML) throw tooLarge("a page of more than 5 MiB");
  const page = decodeHTML(file);
  const source = page === undefined ? undefined : scanPage(page);
  if (source === undefined) return undefined;
  const doc = new DOMParser().parseFromString(inert(source), "text/html");
  // Parsers do not agree about where a program ends that holds the tag of another.
  if (doc.querySelector("noscript") || [...doc.scripts].some((n) => /<!--[^]*<script/i.test(n.text))) return undefined;
  for (const n of doc.querySelectorAll(`[${marked}]`)) {
    const o = doc.createElement("noscript");
    for (const a of n.attributes) if (a.name !== marked && /^[a-z][\w-]*$/.test(a.name)) o.setAttribute(a.name, a.value);
    o.append(...n.childNodes);
    n.replaceWith(o);
  }
  doc.normalize(); // long texts come in pieces
  return doc;
}

// decodeHTML does what browsers do, and takes UTF-8 where the page says nothing and is
// UTF-8 throughout: it was saved as a file.
function decodeHTML(file: Uint8Array): string | undefined {
  const decode = (label: string) => new TextDecoder(label, { fatal: label === "utf-8", ignoreBOM: true }).decode(file);
  const start = new TextDecoder("latin1").decode(file.subarray(0, 1024));
  try {
    if (!/charset/i.test(start)) return decode("utf-8").replace(/^\ufeff/, "");
  } catch {
    // told below
  }
  try {
    return decode(start.startsWith("ï»¿") ? "utf-8" : (declared(start) ?? likely(file.subarray(0, 1024))));
  } catch {
    return undefined;
  }
}

// likely is UTF-8 where the beginning has signs of it, and no others.
function likely(start: Uint8Array): string {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(start, { stream: true });
    return start.some((b) => b >= 0x80) ? "utf-8" : "windows-1252";
  } catch {
    return "windows-1252";
  }
}

// declared is the charset that a meta tag names.
function declared(start: string): string | undefined {
  let found: string | undefined;
  const known = (label: string | undefined) => {
    try {
      return label === undefined ? undefined : new TextDecoder(label).encoding;
    } catch {
      return undefined;
    }
  };
  tokens(start, (t) => {
    if (t.name !== "meta" || t.kind === "end") return;
    const content = /charset[ \t\n\f\r]*=[ \t\n\f\r]*(?:"([^"]*)"|'([^']*)'|([^"'; \t\n\f\r][^; \t\n\f\r]*))/i.exec(t.attrs.get("content") ?? "");
    const direct = t.attrs.get("charset");
    if (direct !== undefined) found = known(direct);
    else if (content && lower(t.attrs.get("http-equiv") ?? "") === "content-type") found = known(content[1] ?? content[2] ?? content[3]);
    return !found;
  });
  return found?.startsWith("utf-16") ? "utf-8" : found;
}

// marked is an attribute of an element that stands for a noscript. The browser's parser
// reads what is in one, as no program runs; a reader's browser does not.
const marked = "sijil-noscript";
const inHead = set("html head base basefont bgsound link meta noframes noscript script style template title");
const inSelect = set("option optgroup hr script template");

// scanPage bounds the work and the memory that parsing a page takes, and hides what is in
// noscript from the parser.
function scanPage(page: string): string | undefined {
  let [depth, nodes, roots, opened, foreign, last, body, choice, odd] = [0, 0, 0, 0, 0, 0, false, 0, false];
  const open = new Map<string, number>();
  const out: string[] = [];
  let stand = "";
  const startTag = (t: Tag) => {
    if (t.attrs.size > maxAttributes) throw tooLarge("a page with too many parts");
    if (t.name === "html" || t.name === "body") roots++;
    if (formatting.has(t.name)) {
      open.set(t.name, (open.get(t.name) ?? 0) + 1);
      opened++;
    }
    if (!endless.has(t.name) && !optional.has(t.name)) depth++;
    if (t.name === "svg" || t.name === "math") foreign++;
    if (t.name === "select") choice++;
    nodes += t.attrs.size / 4 | 0;
  };
  const endTag = (t: Tag) => {
    const n = open.get(t.name) ?? 0;
    if (n > 0) {
      open.set(t.name, n - 1);
      opened--;
    }
    if (!optional.has(t.name) && depth > 0) depth--;
    if ((t.name === "svg" || t.name === "math") && foreign > 0) foreign--;
    if (t.name === "select" && choice > 0) choice--;
  };
  tokens(page, (t) => {
    if (t.kind === "start" || t.kind === "closed") {
      odd ||= (choice > 0 && !inSelect.has(t.name)) || (foreign > 0 && t.name === "noscript");
      body ||= !inHead.has(t.name);
    } else if (t.kind === "end") body ||= /^(head|body|html|br)$/.test(t.name);
    else if (!t.raw) body ||= page[t.from] !== "<" && hasText(page.slice(t.from, t.to));
    if (t.kind === "start") startTag(t);
    else if (t.kind === "end") endTag(t);
    if (t.name === "noscript" && t.kind !== "end") {
      stand = body ? "noembed" : "noframes";
      out.push(page.slice(last, t.from), `<${stand} ${marked}`);
      last = t.from + "<noscript".length;
    } else if (stand) {
      if (t.raw) {
        out.push(page.slice(last, t.from), hasText(page.slice(t.from, t.to)) ? "x" : "");
        last = t.to;
      } else {
        if (t.name === "noscript") {
          out.push(page.slice(last, t.from), `</${stand}`);
          last = t.from + "</noscript".length;
        }
        stand = "";
      }
    }
    nodes += 1 + Math.min(opened, maxHTMLDepth);
    if (depth > maxHTMLDepth) throw tooDeep();
    if (nodes > maxHTMLNodes || roots > maxRoots) throw tooLarge("a page with too many parts");
  });
  return odd ? undefined : out.join("") + page.slice(last);
}

// collect reads the style sheets of a page. The browser's parser puts what is nested
// deeper beside what it is in.
export function collect(n: Element, sh: Sheet, out: Lines, depth = 1): void {
  if (depth >= maxHTMLDepth) throw tooDeep();
  styleOf(n, sh, out);
  if (nameOf(n) === "template") {
    if (has(n, "shadowrootmode")) out.cover = "words that are shown in place of others";
    return; // a sheet in it styles nothing
  }
  for (const c of n.children) collect(c, sh, out, depth + 1);
}

// styleOf takes in what an element says of the style of others.
function styleOf(n: Element, sh: Sheet, out: Lines): void {
  const media = lower(trim(attr(n, "media")));
  const type = lower(attr(n, "type"));
  switch (nameOf(n)) {
    case "body":
      sh.link = legacyColor(lower(attr(n, "link")));
      sh.visited = legacyColor(lower(attr(n, "vlink")));
      break;
    case "style":
      if (type === "" || type === "text/css") addSheet(sh, n.textContent ?? "", (media !== "" && media !== "all" && media !== "screen") || attr(n, "title") !== "");
      else return;
      break;
    case "link": {
      const rel = ` ${lower(attr(n, "rel"))} `;
      if (!rel.includes(" stylesheet ") || rel.includes(" alternate ")) return;
      if (lower(trim(attr(n, "href"))).startsWith("data:")) {
        sh.complex = true;
        return;
      }
      sh.outside++;
      break;
    }
    case "meta":
      meta(n, sh, out);
      break;
    case "script":
      if (type === "" || type === "module" || type.includes("javascript") || type.includes("ecmascript")) leave(out, "scripts-not-run");
  }
  if ([...n.attributes].some((a) => a.name.startsWith("on") && a.value !== "")) leave(out, "scripts-not-run");
  if (attr(n, "style").includes("color-scheme")) sh.dark = true;
}

// forbidsStyle tells a policy under which style in the page may not count.
const forbidsStyle = (policy: string) =>
  policy.split(/[;,]/).some((d) => {
    const [name] = cut(trim(d), " ");
    if (!name.startsWith("style-src") && (name !== "default-src" || policy.includes("style-src"))) return false;
    return !d.includes("'unsafe-inline'") || d.includes("'nonce-") || d.includes("'sha");
  });

// meta reads what makes a page go away at once, or shows it light on dark.
function meta(n: Element, sh: Sheet, out: Lines): void {
  const content = lower(attr(n, "content"));
  const says = lower(attr(n, "http-equiv"));
  if (says === "content-security-policy") {
    if (forbidsStyle(content)) out.cover = "a page that forbids its own style";
  } else if (says === "refresh") {
    const [wait, , there] = cut(content, ";");
    const [s, unit] = number(trim(wait));
    if (there && (unit === "?" || s < 60)) out.cover = "the page is replaced by another";
  } else if (lower(attr(n, "name")) === "color-scheme") sh.dark ||= content.includes("dark");
}
