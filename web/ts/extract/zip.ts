// A zip whose parts are read within bounds. Mirrors internal/extract/zip.go; the
// directory is read as archive/zip reads it, but for Zip64's own end of the directory:
// what needs it is far larger than a file may be.
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

interface Entry { name: string; flags: number; method: number; crc: number; packed: number; size: number; at: number; next: number }

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
  const stop = Math.max(0, file.length - (65 << 10));
  while (tail >= stop && v.getUint32(tail) !== 0x504b0506) tail--;
  if (tail < stop || tail + 22 + v.getUint16(tail + 20, true) > file.length) throw cutOff();
  const count = v.getUint16(tail + 10, true);
  const offset = v.getUint32(tail + 16, true);
  // What stands before the archive moves the places in it, unless they are right as they are.
  let base = tail - v.getUint32(tail + 12, true) - offset;
  if (base + offset < 0 || base + offset >= file.length) throw cutOff();
  if (base > 0 && header(file, v, offset)) base = 0;
  const list: Entry[] = [];
  for (let at = base + offset, e; (e = header(file, v, at)); at = e.next) list.push({ ...e, at: e.at + base });
  if ((list.length & 0xffff) !== count) throw cutOff();
  const files = new Map<string, Entry>();
  for (const e of list) {
    if (files.has(e.name)) throw damaged("two of its parts have the same name");
    files.set(e.name, e);
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

const tooWide = 0xffffffff; // for 32 bits

// header reads one entry of the directory; undefined where there is none.
function header(file: Uint8Array, v: DataView, at: number): Entry | undefined {
  if (at + 46 > file.length || v.getUint32(at) !== 0x504b0102) return undefined;
  const [u16, u32] = [(n: number) => v.getUint16(at + n, true), (n: number) => v.getUint32(at + n, true)];
  const rest = at + 46 + u16(28);
  const next = rest + u16(30) + u16(32);
  if (next > file.length) return undefined;
  // Numbers that are too large stand in a field of their own; some programs put all there.
  const sizes = [u32(24), u32(20), u32(42)];
  for (let tag = rest, end; (end = tag + 4) <= rest + u16(30); tag = end) {
    let field = end;
    end += v.getUint16(tag + 2, true);
    if (end > rest + u16(30)) break;
    if (v.getUint16(tag, true) !== 1) continue;
    for (const [i, n] of sizes.entries()) {
      if (n !== tooWide) continue;
      if (field + 8 > end) return undefined;
      sizes[i] = Number(v.getBigUint64(field, true));
      field += 8;
    }
  }
  const [size, packed, start] = sizes as [number, number, number];
  if (packed === tooWide || start === tooWide) return undefined;
  return { name: partName(new TextDecoder("utf-8", { ignoreBOM: true }).decode(file.subarray(at + 46, rest))), flags: u16(8), method: u16(10), crc: u32(16), packed, size, at: start, next };
}

// unpack reads one part, and no byte beyond the size that the directory gives: it may
// be a lie.
async function unpack(file: Uint8Array, v: DataView, e: Entry): Promise<Uint8Array> {
  const wrong = () => damaged("a part of the archive is cut off or damaged");
  if (e.at < 0 || e.at + 30 > file.length || v.getUint32(e.at) !== 0x504b0304 || (e.method !== 0 && e.method !== 8)) throw damaged("a part of the archive cannot be read");
  const from = e.at + 30 + v.getUint16(e.at + 26, true) + v.getUint16(e.at + 28, true);
  const to = from + e.packed;
  const packed = file.subarray(from, to);
  const out = e.method === 0 ? packed : await inflate(packed, e.size);
  if (out?.length !== e.size) throw wrong();
  const sum = e.crc;
  if (e.flags & 8) {
    // The sum stands behind the part again, with or without a sign before it.
    const at = to + 16 <= file.length && v.getUint32(to) === 0x504b0708 ? to + 4 : to;
    if (at + 12 > file.length || v.getUint32(at, true) !== sum) throw wrong();
  } else if (sum === 0) return out;
  if (crc32(out) !== sum) throw wrong();
  return out;
}

// inflate is undefined where what is packed is damaged, or more than size.
async function inflate(packed: Uint8Array, size: number): Promise<Uint8Array | undefined> {
  const out = new Uint8Array(size);
  let n = 0;
  const reader = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return out.subarray(0, n);
      if (n + value.length > size) break;
      out.set(value, n);
      n += value.length;
    }
  } catch {
    return undefined;
  }
  reader.cancel().catch(() => undefined);
  return undefined;
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
