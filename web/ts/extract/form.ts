// What a copy is written in, told by content. Mirrors internal/extract/form.go, and the
// signs by which mail (mail.go) and Markdown (markdown.go) are told from plain text.
// Archives are told apart where they are read (office.ts).
import { isChat } from "./chat.ts";
import type { Form } from "./copy.ts";
import { lower, set, trimRight } from "./words.ts";

// ole begins files of Word before 2007, and locked ones of Word since.
export const ole = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
export const zipped = "PK\x03\x04";

const magic: [string, Form][] = [
  ["%PDF-", "pdf"], ["PK\x05\x06", "archive"], [ole, "archive"], ["\x1f\x8b", "archive"], ["Rar!\x1a\x07", "archive"], ["7z\xbc\xaf\x27\x1c", "archive"],
  ["{\\rtf1", "rtf"], ["\x89PNG\r\n\x1a\n", "picture"], ["\xff\xd8\xff", "picture"], ["GIF87a", "picture"], ["GIF89a", "picture"], ["II*\x00", "picture"], ["MM\x00*", "picture"],
];

// head is the beginning of a file, a character for each byte.
export const head = (b: Uint8Array) => String.fromCharCode(...b.subarray(0, 16));

const decode = (b: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(b);

// formOf returns the form of a copy that is no archive. Text that begins with a byte order
// mark of two bytes comes back in UTF-8.
export function formOf(b: Uint8Array): { form: Form; bytes: Uint8Array } {
  const start = head(b);
  for (const [prefix, form] of magic) if (start.startsWith(prefix)) return { form, bytes: b };
  if (start.startsWith("RIFF") && start.slice(8, 12) === "WEBP" && b.length > 12) return { form: "picture", bytes: b };
  const wide = start.startsWith("\xfe\xff") ? "utf-16be" : start.startsWith("\xff\xfe") ? "utf-16le" : undefined;
  // Only the first mark is no part of the text; half a character at the end is dropped.
  if (wide) b = new TextEncoder().encode(new TextDecoder(wide, { ignoreBOM: true }).decode(b.subarray(2, b.length & ~1)));
  const s = decode(b);
  return { form: isPage(decode(b.subarray(0, lead))) ? "html" : isMail(s) ? "eml" : isChat(s) ? "chat" : isMarkdown(s, b.length) ? "markdown" : "text", bytes: b };
}

const lead = 4 << 10; // how far a page's beginning is looked for, in bytes

// isPage looks past a byte order mark, white space and comments for a tag that begins a
// page.
function isPage(s: string): boolean {
  s = s.replace(/^\ufeff/, "");
  for (;;) {
    s = s.replace(/^[ \t\r\n\f]+/, "");
    if (!s.startsWith("<!--")) return /^(<!doctype html|<html|<head|<body|<\?xml|<svg)/i.test(s);
    const close = s.indexOf("-->", 4);
    if (close < 0) return true; // nothing but a page begins with a comment that long
    s = s.slice(close + 3);
  }
}

const transport = set("message-id mime-version received return-path delivered-to content-type dkim-signature content-transfer-encoding x-mailer user-agent");
const personal = set("from to cc subject date reply-to sender thread-topic in-reply-to references");
const maxHeader = 256 << 10;

// isMail: header lines, of which one at least no person writes.
function isMail(s: string): boolean {
  s = s.slice(0, maxHeader);
  if (s.startsWith("From ")) s = s.slice(s.indexOf("\n") + 1);
  let strong = 0;
  let known = 0;
  for (const [n, raw] of s.split("\n", 200).entries()) {
    const line = trimRight(raw, "\r");
    if (line === "") break;
    if (n > 0 && /^[ \t]/.test(line)) continue;
    const colon = line.slice(0, 80).indexOf(":");
    const name = lower(line.slice(0, Math.max(0, colon)));
    if (colon < 0 || /[ \t]/.test(name)) return false;
    if (transport.has(name)) strong++;
    else if (personal.has(name)) known++;
  }
  return strong > 0 && strong + known > 1;
}

// isMarkdown: one link, or two other signs. A line begins behind U+000A alone.
function isMarkdown(s: string, size: number): boolean {
  if (!/\]\(|# |```|\*\*|__/.test(s)) return false;
  if (size > 1 << 20 || s.split("[").length > 5001 || /(?<![^\n])(?:[ \t]*>){64}/.test(s)) return false;
  if (/\[[^[\]\n]{1,300}\]\((?:https?:\/\/|mailto:|\/|#|\.\/)[^()\t\n\f\r ]{0,500}\)/u.test(s)) return true;
  let signs = 0;
  for (const re of [/(?<![^\n])#{1,6} [^\t\n\f\r #]/g, /(?<![^\n])```/g, /\*\*[^\t\n\f\r *][^*\n]{0,500}\*\*|__[^\t\n\f\r _][^_\n]{0,500}__/gu]) {
    for (let n = 0; n < 2 && re.exec(s); n++) signs++;
  }
  return signs >= 2;
}
