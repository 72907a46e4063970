// What a copy is written in, told by content. Mirrors internal/extract/form.go, and the
// signs by which mail, chats and Markdown are told from plain text.
import { isChat } from "./chat.ts";

export type Form = "text" | "html" | "markdown" | "chat" | "eml" | "zip" | "pdf" | "archive" | "rtf" | "picture";

const magic: [string, Form][] = [
  ["%PDF-", "pdf"], ["PK\x05\x06", "archive"], ["PK\x03\x04", "zip"], ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "archive"], ["\x1f\x8b", "archive"],
  ["Rar!\x1a\x07", "archive"], ["7z\xbc\xaf\x27\x1c", "archive"], ["{\\rtf1", "rtf"], ["\x89PNG\r\n\x1a\n", "picture"], ["\xff\xd8\xff", "picture"],
  ["GIF87a", "picture"], ["GIF89a", "picture"], ["II*\x00", "picture"], ["MM\x00*", "picture"],
];

// formOf returns the form of a copy, and its text where that is in UTF-16. A zip is a
// Word file, an OpenDocument text or an archive.
export function formOf(b: Uint8Array): { form: Form; bytes: Uint8Array } {
  const head = String.fromCharCode(...b.subarray(0, 16));
  for (const [prefix, form] of magic) if (head.startsWith(prefix)) return { form, bytes: b };
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP" && b.length > 12) return { form: "picture", bytes: b };
  const wide = head.startsWith("\xfe\xff") ? "utf-16be" : head.startsWith("\xff\xfe") ? "utf-16le" : undefined;
  if (wide) b = new TextEncoder().encode(new TextDecoder(wide).decode(b.subarray(0, b.length & ~1)));
  const s = new TextDecoder("utf-8", { ignoreBOM: true }).decode(b);
  return { form: isPage(s) ? "html" : isMail(s) ? "eml" : isChat(s) ? "chat" : isMarkdown(s, b.length) ? "markdown" : "text", bytes: b };
}

// isPage looks past a byte order mark, white space and comments for a tag that begins a
// page.
function isPage(s: string): boolean {
  s = s.slice(0, 4096).replace(/^\ufeff/, "");
  for (;;) {
    s = s.replace(/^[ \t\r\n\f]+/, "");
    if (!s.startsWith("<!--")) return /^(<!doctype html|<html|<head|<body|<\?xml|<svg)/i.test(s);
    const close = s.indexOf("-->");
    if (close < 0) return true;
    s = s.slice(close + 3);
  }
}

const words = (s: string) => new Set(s.split(" "));
const transport = words("message-id mime-version received return-path delivered-to content-type dkim-signature content-transfer-encoding x-mailer user-agent");
const personal = words("from to cc subject date reply-to sender thread-topic in-reply-to references");
const maxHeader = 256 << 10;

// isMail: header lines, of which one at least no person writes.
function isMail(s: string): boolean {
  s = s.slice(0, maxHeader);
  if (s.startsWith("From ")) s = s.slice(s.indexOf("\n") + 1);
  let strong = 0;
  let known = 0;
  for (const [n, raw] of s.split("\n", 200).entries()) {
    const line = raw.replace(/\r+$/, "");
    if (line === "") break;
    if (n > 0 && /^[ \t]/.test(line)) continue;
    const colon = line.slice(0, 80).indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (colon < 0 || /[ \t]/.test(name)) return false;
    if (transport.has(name)) strong++;
    else if (personal.has(name)) known++;
  }
  return strong > 0 && strong + known > 1;
}

// isMarkdown: one link, or two other signs.
function isMarkdown(s: string, size: number): boolean {
  if (!/\]\(|# |```|\*\*|__/.test(s)) return false;
  if (size > 1 << 20 || s.split("[").length > 5001 || /^(?:[ \t]*>){64}/m.test(s)) return false;
  if (/\[[^[\]\n]{1,300}\]\((?:https?:\/\/|mailto:|\/|#|\.\/)[^()\s]{0,500}\)/.test(s)) return true;
  const some = (re: RegExp) => {
    let n = 0;
    while (n < 2 && re.exec(s)) n++;
    return n;
  };
  return some(/^#{1,6} [^\s#]/gm) + some(/^```/gm) + some(/\*\*[^\s*][^*\n]{0,500}\*\*|__[^\s_][^_\n]{0,500}__/g) >= 2;
}
