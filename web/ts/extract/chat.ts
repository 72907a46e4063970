// Exported chats. Mirrors internal/extract/chat.go.
import type { Copy } from "../match/match.ts";
import { bytes } from "../match/word.ts";
import { copyOf, emptyLine, end, ExtractError, kept, leave, lineEnd, newLines } from "./lines.ts";

const digit = "[0-9\\u0660-\\u0669\\u06f0-\\u06f9]";
const unseen = "[\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]*";
const gap = "[ \\u00a0\\u202f]*";
const date = `${digit}{1,4}${unseen}[/.\\-]${unseen}${digit}{1,2}${unseen}[/.\\-]${unseen}${digit}{1,4}`;
const halfDay = `(?:${gap}(?:[ap]\\.?${gap}m\\.?|[ap]|ص|م))?`;
const clock = `${digit}{1,2}[:.]${digit}{2}(?:[:.]${digit}{2})?${halfDay}`;
const stamped = new RegExp(
  `^${unseen}(?:${date}${unseen}[,،]?${gap}${clock}${unseen}${gap}-|` +
    `\\[(?:${date}${unseen}[,،]?${gap}${clock}|${clock}[,،]${gap}${date})${unseen}\\])${gap}${unseen}`,
  "i",
);

const maxStamp = 120; // bytes
const maxSender = 120;

// head is the beginning of a line, of at most n bytes.
function head(line: string, n: number): string {
  let at = 0;
  let i = 0;
  for (const c of line) {
    at += bytes(c);
    if (at > n) break;
    i += c.length;
  }
  return line.slice(0, i);
}

// cutStamp cuts a stamp off a line; undefined where none is there.
function cutStamp(line: string): string | undefined {
  const m = stamped.exec(head(line, maxStamp));
  return m ? line.slice(m[0].length) : undefined;
}

// cutSender cuts the sender off a stamped line. Lines that the program writes itself
// name none.
function cutSender(line: string): string | undefined {
  let i = head(line, maxSender).indexOf(": ");
  if (i < 0 && line.endsWith(":") && bytes(line) < maxSender) i = line.length - 1;
  return i > 0 ? line.slice(i + 2) : undefined;
}

// isChat: the first line is stamped, and one of the first has a sender.
export function isChat(s: string): boolean {
  let seen = 0;
  for (let at = 0; at < s.length && seen < 20; ) {
    const stop = s.indexOf("\n", at);
    const line = s.slice(at, stop < 0 ? undefined : stop).replace(/[\r ]+$/, "");
    at = stop < 0 ? s.length : stop + 1;
    if (line === "") continue;
    const rest = cutStamp(line);
    if (rest === undefined) {
      if (seen === 0) return false;
    } else if (cutSender(rest) !== undefined) return true;
    seen++;
  }
  return false;
}

const fillers = ["<media omitted>", "<médias omis>", "<تم استبعاد الوسائط>", "<attached:", "image omitted", "video omitted", "audio omitted", "sticker omitted", "document omitted", "gif omitted", "null"];

function isFiller(s: string): boolean {
  s = s.trim().toLowerCase();
  return fillers.some((f) => s === f || (f.endsWith(":") && s.startsWith(f)));
}

// readChat keeps the messages, each a paragraph, without stamps and senders.
export function readChat(file: Uint8Array): Copy {
  const out = newLines();
  let keep = false;
  for (const raw of new TextDecoder("utf-8", { ignoreBOM: true }).decode(file).split("\n")) {
    const line = raw.replace(/\r+$/, "");
    const rest = cutStamp(line);
    if (rest === undefined) {
      if (keep) {
        lineEnd(out);
        kept(out, line);
      }
      continue;
    }
    const message = cutSender(rest);
    keep = message !== undefined;
    if (message === undefined) continue;
    end(out, emptyLine);
    const s = message.replace(/^[\u200e\u200f]+/, "").replace(/<This message was edited>$/, "");
    if (isFiller(s)) leave(out, "pictures-not-read");
    else kept(out, s);
  }
  if (out.text === "") throw new ExtractError("no-text", "an exported chat in which no words are shown", "copy the message alone, and check what you copied");
  return { ...copyOf(out, "chat"), file };
}
