// A zip whose parts are read within bounds. Mirrors internal/extract/zip.go; the
// directory is read as archive/zip reads it. Zip64 is not read: what needs it is far
// larger than a file may be.
import { damaged, encrypted, expands } from "./copy.ts";

const maxParts = 2000;
const maxExpand = 64 << 20; // of all parts that are read
const maxRatio = 200;
const minRatio = 64 << 10; // parts so small may be compressed to nothing

export interface Archive {
  has(name: string): boolean;
  names(): Iterable<string>;
  part(name: string): Promise<Uint8Array | undefined>; // undefined when there is none
}

interface Entry { flags: number; method: number; crc: number; packed: number; size: number; at: number }

const cutOff = () => damaged("an archive that is cut off or damaged");
const partName = (name: string) => name.replace(/^\//, "").toLowerCase();

// openArchive reads the directory of an archive. Two parts of one name are an error:
// programs do not agree about which one counts.
export function openArchive(file: Uint8Array): Archive {
  const v = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let signs = 0;
  for (let i = file.indexOf(0x50); i >= 0 && i + 4 <= file.length; i = file.indexOf(0x50, i + 1)) if (v.getUint32(i) === 0x504b0102) signs++;
  if (signs > maxParts) throw expands(`more than ${maxParts} parts`);
  let tail = file.length - 22;
  const stop = Math.max(0, tail - 0xffff);
  for (; tail >= stop; tail--) if (v.getUint32(tail) === 0x504b0506 && tail + 22 + v.getUint16(tail + 20, true) <= file.length) break;
  if (tail < stop || tail < 0) throw cutOff();
  const count = v.getUint16(tail + 10, true);
  const length = v.getUint32(tail + 12, true);
  // What stands before the archive moves the places in it.
  const base = tail - length - v.getUint32(tail + 16, true);
  const files = new Map<string, Entry>();
  let at = tail - length;
  if (base < 0 || at < 0) throw cutOff();
  for (let n = 0; n < count; n++) {
    if (at + 46 > tail || v.getUint32(at) !== 0x504b0102) throw cutOff();
    const [nameLength, rest] = [v.getUint16(at + 28, true), v.getUint16(at + 30, true) + v.getUint16(at + 32, true)];
    const flags = v.getUint16(at + 8, true);
    if (at + 46 + nameLength + rest > tail) throw cutOff();
    const name = partName(new TextDecoder().decode(file.subarray(at + 46, at + 46 + nameLength)));
    if (files.has(name)) throw damaged("two of its parts have the same name");
    files.set(name, {
      flags, method: v.getUint16(at + 10, true), crc: v.getUint32(at + 16, true), packed: v.getUint32(at + 20, true),
      size: v.getUint32(at + 24, true), at: base + v.getUint32(at + 42, true),
    });
    at += 46 + nameLength + rest;
  }
  let read = 0;
  return {
    has: (name) => files.has(partName(name)),
    names: () => files.keys(),
    async part(name) {
      const e = files.get(partName(name));
      if (!e) return undefined;
      if (e.flags & 1) throw encrypted();
      if ((e.size > minRatio && e.size > maxRatio * e.packed) || read + e.size > maxExpand) throw expands();
      const b = await unpack(file, v, e);
      read += b.length;
      return b;
    },
  };
}

// unpack reads one part, and no byte beyond the size that the directory gives: it may
// be a lie.
async function unpack(file: Uint8Array, v: DataView, e: Entry): Promise<Uint8Array> {
  const wrong = () => damaged("a part of the archive is cut off or damaged");
  if (e.at + 30 > file.length || v.getUint32(e.at) !== 0x504b0304) throw damaged("a part of the archive cannot be read");
  const from = e.at + 30 + v.getUint16(e.at + 26, true) + v.getUint16(e.at + 28, true);
  const packed = file.subarray(from, from + e.packed);
  if (e.method !== 0 && e.method !== 8) throw encrypted();
  if (e.method === 0) {
    if (packed.length > e.size) throw expands();
    if (packed.length < e.size || crc32(packed) !== e.crc) throw wrong();
    return packed;
  }
  const out = new Uint8Array(e.size);
  let n = 0;
  const reader = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (n + value.length > e.size) throw expands();
      out.set(value, n);
      n += value.length;
    }
  } catch (err) {
    reader.cancel().catch(() => undefined);
    throw err instanceof TypeError ? wrong() : err;
  }
  if (n < e.size || crc32(out) !== e.crc) throw wrong();
  return out;
}

function crc32(b: Uint8Array): number {
  const table = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n;
  });
  let c = ~0;
  for (let i = 0; i < b.length; i++) c = (table[(c ^ (b[i] as number)) & 255] as number) ^ (c >>> 8);
  return ~c >>> 0;
}
