// Reads a segment's directory as FORMAT.md describes it and prints a line for
// each block: offset, stored bytes and whether its checksum holds. It shares
// no code with the Go package; Arrow JS gives it the schema.
const fs = require('fs');
const { DataType, tableFromIPC, CompressionType, compressionRegistry } = require('apache-arrow');
const { decompress } = require('fzstd');

compressionRegistry.set(CompressionType.ZSTD, { decode: (b) => decompress(b).slice() });

const file = fs.readFileSync(process.argv[2]);
const { schema } = tableFromIPC(file);

const table = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0x82f63b78 : n >>> 1;
  return n >>> 0;
});
function crc32c(...parts) {
  let c = 0xffffffff;
  for (const p of parts) for (const b of p) c = table[(c ^ b) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

// The trailer.
const footSize = file.readInt32LE(file.length - 10);
const trailer = file.length - 10 - footSize - 64;
if (file.toString('latin1', trailer, trailer + 8) !== 'SPSEGMNT') throw new Error('no magic');
if (file.readUInt32LE(trailer + 8) !== 1) throw new Error('not version 1');
const segment = file.subarray(trailer + 16, trailer + 24);
const dirOffset = Number(file.readBigUInt64LE(trailer + 32));
const dirSize = Number(file.readBigUInt64LE(trailer + 40));

const blocks = [];
function block(offset, stored, crc) {
  const place = Buffer.alloc(16);
  segment.copy(place);
  place.writeBigUInt64LE(BigInt(offset), 8);
  const good = crc32c(place, file.subarray(offset, offset + stored)) === crc;
  blocks.push(`${offset} ${stored} ${good}`);
}

// The directory.
let pos = dirOffset;
let next = 8;
function uvarint() {
  let v = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const b = file[pos++];
    v |= BigInt(b & 0x7f) << shift;
    if (b < 0x80) return Number(v);
  }
}
const text = () => { const n = uvarint(); pos += n; return file.toString('utf8', pos - n, pos); };
const times = (n, f) => Array.from({ length: n }, f);
function nextBlock() {
  const stored = uvarint();
  block(next, stored, file.readUInt32LE(pos));
  pos += 4;
  next = Math.ceil((next + stored) / 8) * 8;
}

const batchRows = uvarint();
const rows = uvarint();
uvarint(); uvarint(); // log
times(uvarint(), uvarint);
times(uvarint(), () => [text(), text()]);
const groups = times(uvarint(), () => ({ name: text(), codes: uvarint(), list: uvarint() }));
const columns = times(uvarint(), () => {
  const group = uvarint() - 1;
  return { group, inner: group < 0 ? times(uvarint(), uvarint) : [] };
});

// node reads one node; inner are the groups of the dictionaries still to come
// and seen those of the struct that the node is a child of.
function node(field, length, inner, seen) {
  if (DataType.isDictionary(field.type)) {
    const group = inner.shift();
    if (!seen.has(group) && length > 0) nextBlock();
    seen.add(group);
    return;
  }
  values(field.type, field.nullable, length, inner);
}

function values(type, nullable, length, inner) {
  if (nullable && uvarint() > 0) nextBlock();
  if (DataType.isUtf8(type) || DataType.isBinary(type)) {
    nextBlock();
    if (uvarint() > 0) nextBlock();
  } else if (DataType.isList(type)) {
    nextBlock();
    node(type.children[0], uvarint(), inner, new Set());
  } else if (DataType.isStruct(type)) {
    const seen = new Set();
    for (const child of type.children) node(child, length, inner, seen);
  } else if (length > 0) {
    nextBlock();
  }
}

// dictionaries lists the dictionary fields of a column, depth first.
function dictionaries(field) {
  if (DataType.isDictionary(field.type)) return [field];
  return (field.type.children || []).flatMap(dictionaries);
}

nextBlock(); // schema
schema.fields.forEach((field, i) => {
  const { group, inner } = columns[i];
  dictionaries(field).forEach((d, k) => {
    nextBlock();
    values(d.type.dictionary, d.nullable, groups[group < 0 ? inner[k] : group].codes, []);
  });
});
for (let left = rows; left > 0; left -= batchRows) {
  const n = Math.min(left, batchRows);
  nextBlock();
  for (const g of groups) if (!g.list) nextBlock();
  schema.fields.forEach((field, i) => {
    if (columns[i].group < 0) node(field, n, [...columns[i].inner], new Set());
  });
}
next += 8; // end of stream
times(uvarint(), () => {
  text();
  if (uvarint()) uvarint();
  nextBlock();
});
if (pos !== dirOffset + dirSize || next !== dirOffset) throw new Error(`directory ends at ${pos}, blocks at ${next}`);
block(dirOffset, dirSize, file.readUInt32LE(trailer + 12));
block(trailer, 60, file.readUInt32LE(trailer + 60));
block(trailer + 64, footSize + 10, file.readUInt32LE(trailer + 48));
console.log(blocks.join('\n'));
