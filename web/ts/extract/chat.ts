// Exported chats. Mirrors internal/extract/chat.go.
import type { Copy } from "./copy.ts";
import { copyOf, emptyLine, end, kept, leave, lineEnd, newLines } from "./lines.ts";
import { lower, trim, trimRight } from "./words.ts";

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
  if (line.length * 3 <= n) return line;
  let at = 0;
  let i = 0;
  for (const c of line) {
    const u = c.codePointAt(0) as number;
    at += u < 0x80 ? 1 : u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
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
  if (i < 0 && line.endsWith(":") && head(line, maxSender - 1) === line) i = line.length - 1;
  return i > 0 ? line.slice(i + 2) : undefined;
}

// isChat: the first line is stamped, and one of the first has a sender.
export function isChat(s: string): boolean {
  let seen = 0;
  for (let at = 0; at < s.length && seen < 20; ) {
    const stop = s.indexOf("\n", at);
    const line = trimRight(s.slice(at, stop < 0 ? undefined : stop), "\r ");
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
  s = lower(trim(s));
  return fillers.some((f) => s === f || (f.endsWith(":") && s.startsWith(f)));
}

const editedMark = "<This message was edited>";

// readChat keeps the messages, each a paragraph, without stamps and senders.
export function readChat(text: string): Copy {
  const out = newLines();
  let keep = false;
  for (const raw of text.split("\n")) {
    const line = trimRight(raw, "\r");
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
    let s = message.replace(/^[\u200e\u200f]+/, "");
    if (s.endsWith(editedMark)) s = s.slice(0, -editedMark.length);
    if (isFiller(s)) leave(out, "pictures-not-read");
    else kept(out, s);
  }
  return copyOf(out, "chat");
}
