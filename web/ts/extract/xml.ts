// Goes through XML within bounds. Mirrors internal/extract/xml.go, and what Go's
// encoding/xml takes for well-formed: programs must not part over a file that one of them
// repairs. So it is not the browser's own reader, which also expands entities and makes a
// tree of what is not yet bounded.
//
// Declarations of types and entities are refused: no word processor writes any, and what
// they stand for is text that is not there.
import { damaged, tooDeep, tooLarge } from "./copy.ts";
import { hasText, set } from "./words.ts";

const maxDepth = 256;
const maxTokens = 2_000_000;

// Element is the beginning of one. Its attributes go by their local names.
export interface Element { local: string; space: string; attrs: [local: string, value: string, space: string][] }

type Token = { kind: "start"; element: Element } | { kind: "end" | "other" | "directive" } | { kind: "text"; text: string };

interface Open { prefix: string; local: string; before: [prefix: string, space: string | undefined][] }

export interface XML {
  bytes: Uint8Array;
  s: string;
  at: number;
  recoded: boolean; // s is in the charset that the part declares
  open: Open[];
  spaces: Map<string, string>;
  closing: boolean; // the last element ended itself
  tokens: number;
}

export const newXML = (part: Uint8Array): XML => ({ bytes: part, s: decode(part), at: 0, recoded: false, open: [], spaces: new Map(), closing: false, tokens: 0 });

const malformed = () => damaged("a part of it is not well-formed XML");
const cut = () => damaged("a part of it ends too early");

// decode keeps a place that is not UTF-8 as half a character, which no XML may hold: it
// is an error only where somebody reads that far.
function decode(part: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(part);
  } catch {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(part).replaceAll("\ufffd", "\ud800");
  }
}

// next is the next token; undefined behind the last.
function next(x: XML): Token | undefined {
  const t = token(x);
  if (!t) return undefined;
  if (++x.tokens > maxTokens) throw tooLarge("more parts than are read");
  if (t.kind === "start") {
    if (x.open.length > maxDepth) throw tooDeep();
    if (foreign(t.element.space, t.element.local)) t.element.local = "foreign";
  }
  if (t.kind === "directive") throw damaged("it declares a document type");
  return t;
}

const end: Token = { kind: "end" };
const other: Token = { kind: "other" };

function token(x: XML): Token | undefined {
  if (x.closing) {
    x.closing = false;
    shut(x);
    return end;
  }
  const { s, at } = x;
  if (at >= s.length) {
    if (x.open.length > 0) throw malformed();
    return undefined;
  }
  if (s[at] !== "<") {
    const stop = s.indexOf("<", at);
    x.at = stop < 0 ? s.length : stop;
    const raw = s.slice(at, x.at);
    if (raw.includes("]]>")) throw malformed();
    return { kind: "text", text: expand(raw) };
  }
  switch (s[at + 1]) {
    case "/": {
      x.at = at + 2;
      const [prefix, local] = name(x);
      blanks(x);
      const last = x.open[x.open.length - 1];
      if (s[x.at++] !== ">" || last?.local !== local || last.prefix !== prefix) throw malformed();
      shut(x);
      return end;
    }
    case "?":
      return instruction(x);
    case "!":
      if (s.startsWith("--", at + 2)) {
        const dashes = s.indexOf("--", at + 4);
        if (dashes < 0 || s[dashes + 2] !== ">") throw malformed();
        x.at = dashes + 3;
        return other;
      }
      if (s[at + 2] === "-") throw malformed();
      if (s[at + 2] === "[") {
        const stop = s.indexOf("]]>", at + 9);
        if (!s.startsWith("CDATA[", at + 3) || stop < 0) throw malformed();
        x.at = stop + 3;
        return { kind: "text", text: checked(s.slice(at + 9, stop).replace(/\r\n?/g, "\n")) };
      }
      return directive(x);
  }
  x.at = at + 1;
  return start(x);
}

// start reads the tag that begins an element.
function start(x: XML): Token {
  const { s } = x;
  const [prefix, local] = name(x);
  const attrs: Element["attrs"] = [];
  const before: Open["before"] = [];
  for (;;) {
    blanks(x);
    if (s[x.at] === ">") break;
    if (s[x.at] === "/") {
      if (s[++x.at] !== ">") throw malformed();
      x.closing = true;
      break;
    }
    const [space, attribute] = name(x);
    blanks(x);
    if (s[x.at++] !== "=") throw malformed();
    blanks(x);
    const quote = s[x.at++];
    const stop = quote === '"' || quote === "'" ? s.indexOf(quote, x.at) : -1;
    const raw = s.slice(x.at, stop);
    if (stop < 0 || raw.includes("<")) throw malformed();
    x.at = stop + 1;
    const value = expand(raw);
    attrs.push([attribute, value, space]);
    const declared = space === "xmlns" ? attribute : space === "" && attribute === "xmlns" ? "" : undefined;
    if (declared === undefined) continue;
    before.push([declared, x.spaces.get(declared)]);
    x.spaces.set(declared, value);
  }
  x.at++;
  x.open.push({ prefix, local, before });
  // What has no prefix is in the language of the element, but for attributes.
  for (const a of attrs) if (a[2] !== "") a[2] = spaceOf(x, a[2]);
  return { kind: "start", element: { local, space: prefix === "" && local === "xmlns" ? "" : spaceOf(x, prefix), attrs } };
}

const xmlSpace = "http://www.w3.org/XML/1998/namespace";

const spaceOf = (x: XML, prefix: string) => (prefix === "xmlns" ? prefix : prefix === "xml" ? xmlSpace : x.spaces.get(prefix) ?? prefix);

// shut ends the element that was begun last, and the names that it declared.
function shut(x: XML): void {
  const { before } = x.open.pop() as Open;
  for (const [prefix, space] of before.reverse()) {
    if (space === undefined) x.spaces.delete(prefix);
    else x.spaces.set(prefix, space);
  }
}

const plainName = /[A-Za-z_:][\w:.-]*(?![\x80-\uffff])/y;
const nameChars = /[\w:.\-\x80-\uffff]+/y;
const first = ":A-Z_a-z\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd";
const anyName = new RegExp(`^[${first}][${first}\\d.\\-\\xb7\\u0300-\\u036f\\u203f\\u2040]*$`);

// name reads a name: its prefix, empty where it has none, and the rest.
function name(x: XML): [prefix: string, local: string] {
  plainName.lastIndex = nameChars.lastIndex = x.at;
  const plain = plainName.test(x.s);
  if (!plain && !nameChars.test(x.s)) throw malformed();
  const n = x.s.slice(x.at, (plain ? plainName : nameChars).lastIndex);
  x.at += n.length;
  if (!plain && !anyName.test(n)) throw malformed();
  const colon = n.indexOf(":");
  if (colon < 0) return ["", n];
  if (n.includes(":", colon + 1)) throw malformed();
  return colon === 0 || colon === n.length - 1 ? ["", n] : [n.slice(0, colon), n.slice(colon + 1)];
}

function blanks(x: XML): void {
  for (let c; (c = x.s.charCodeAt(x.at)) === 32 || (c >= 9 && c <= 13 && c !== 11 && c !== 12); ) x.at++;
}

const signs: Record<string, string> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };
const illegal = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

function checked(s: string): string {
  if (!/^[\t\n\r -~]*$/.test(s) && illegal.test(s)) throw malformed();
  return s;
}

// expand is text without its references.
function expand(raw: string): string {
  if (raw.includes("\r")) raw = raw.replace(/\r\n?/g, "\n");
  if (!raw.includes("&")) return checked(raw);
  return checked(
    raw.replace(/&(?:#(?:x([\da-fA-F]+)|(\d+))|(lt|gt|amp|apos|quot));|&/g, (_, hex?: string, decimal?: string, sign?: string) => {
      if (sign) return signs[sign] as string;
      const n = hex ? parseInt(hex, 16) : decimal ? parseInt(decimal, 10) : Infinity;
      if (n > 0x10ffff) throw malformed();
      return n >= 0xd800 && n < 0xe000 ? "\ufffd" : String.fromCodePoint(n);
    }),
  );
}

// instruction reads <?…?>. That of the file itself may name its charset.
function instruction(x: XML): Token {
  x.at += 2;
  const [prefix, local] = name(x);
  blanks(x);
  const stop = x.s.indexOf("?>", x.at);
  if (stop < 0) throw malformed();
  const content = x.s.slice(x.at, stop);
  x.at = stop + 2;
  if (prefix !== "" || local !== "xml") return other;
  const version = setting("version", content);
  const charset = setting("encoding", content);
  if (version !== "" && version !== "1.0") throw malformed();
  if (charset === "" || charset.toLowerCase() === "utf-8") return other;
  if (x.recoded) throw malformed();
  x.recoded = true;
  const rest = x.bytes.subarray(new TextEncoder().encode(x.s.slice(0, x.at)).length);
  try {
    x.s = new TextDecoder(charset, { ignoreBOM: true }).decode(rest);
  } catch {
    throw malformed();
  }
  x.at = 0;
  return other;
}

// setting is the value that an instruction gives a name, empty where it gives none.
function setting(name: string, content: string): string {
  const m = new RegExp(`${name}=(["'])`).exec(content);
  if (!m) return "";
  const from = m.index + m[0].length;
  return content.slice(from, Math.max(from, content.indexOf(m[1] as string, from)));
}

// directive reads <!…>, in which brackets nest outside quotes and comments.
function directive(x: XML): Token {
  const sign = /<!--|[<>"']/g;
  sign.lastIndex = x.at + 3;
  let quote = "";
  let depth = 0;
  for (let m; (m = sign.exec(x.s)); ) {
    const c = m[0];
    if (quote !== "") {
      if (c === quote) quote = "";
      else if (c === "<!--") sign.lastIndex = m.index + 1;
    } else if (c === "<") depth++;
    else if (c === ">") {
      if (depth-- > 0) continue;
      x.at = sign.lastIndex;
      return { kind: "directive" };
    } else if (c === "<!--") {
      const stop = x.s.indexOf("-->", sign.lastIndex);
      if (stop < 0) break;
      sign.lastIndex = stop + 3;
    } else quote = c;
  }
  throw malformed();
}

// root returns the first element.
export function root(x: XML): Element {
  for (;;) {
    const t = next(x);
    if (!t) throw damaged("a part of it is empty");
    if (t.kind === "start") return t.element;
  }
}

// inside calls child for each element inside the one whose beginning was read last, and
// chars for the text between them. child has to read up to the end of its element.
export function inside(x: XML, child: (e: Element) => void, chars?: (s: string) => void): void {
  for (;;) {
    const t = next(x);
    if (!t) throw cut();
    if (t.kind === "start") child(t.element);
    else if (t.kind === "text") chars?.(t.text);
    else if (t.kind === "end") return;
  }
}

// skip reads to the end of the element, and tells whether there is text in it.
export function skip(x: XML): boolean {
  let text = false;
  for (let depth = 1; depth > 0; ) {
    const t = next(x);
    if (!t) throw cut();
    if (t.kind === "start") depth++;
    else if (t.kind === "end") depth--;
    else if (t.kind === "text") text ||= hasText(t.text);
  }
  return text;
}

// vocabularies are the beginnings of the names of the languages that documents and their
// packages are written in. Programs pass over what is in others.
const vocabularies = [
  "http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/", "http://schemas.microsoft.com/", "urn:schemas-microsoft-com:",
  "urn:oasis:names:tc:opendocument:", "urn:org:documentfoundation:", "http://purl.org/dc/", "http://www.w3.org/",
];

// wordSpaces are the names of Word's own language, as most files have it and as the strict
// form of the standard does; what is called as in it elsewhere is none of it.
const wordSpaces = set("http://schemas.openxmlformats.org/wordprocessingml/2006/main http://purl.oclc.org/ooxml/wordprocessingml/main");

// wordOwn are the names in Word's language by which text is told.
const wordOwn = set(
  "p r t tbl tr tc sdt sdtContent customXml smartTag ins moveTo del moveFrom hyperlink bdo fldSimple fldChar instrText delText " +
    "rPr pPr vanish strike dstrike caps sz szCs highlight rFonts rStyle pStyle numPr txbxContent body document",
);

// foreign tells an element of which a program that shows the document knows nothing.
function foreign(space: string, local: string): boolean {
  if (wordSpaces.has(space) || space === "") return false;
  if (!vocabularies.some((v) => space.startsWith(v))) return true;
  return space.startsWith("http://") && !space.endsWith("/math") && wordOwn.has(local);
}

// attr is an attribute by its local name, empty when there is none: one in the language of
// the element goes before others, which those of Word's have not.
export function attr(e: Element, local: string): string {
  const word = wordSpaces.has(e.space);
  const named = e.attrs.filter((a) => a[0] === local);
  const own = named.find(([, , space]) => space === e.space || (space === "" && !word));
  return (own ?? named.find(([, , space]) => !foreign(space, "") && (!word || space === xmlSpace)))?.[1] ?? "";
}
