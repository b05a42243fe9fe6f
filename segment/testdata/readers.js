// Reads an Arrow file with Polars and with Arrow JS and prints what they saw:
// {"arrow": {column: [cell, ...]}, "polars": {...}}. A cell is null, a list of
// cells, or a string: integers in decimal, floats as the 16 hex digits of
// their double, booleans by name, bytes as "x:" and hex, text as "s:" and text.
const fs = require('fs');
const arrow = require('apache-arrow');
const pl = require('nodejs-polars');
const { decompress } = require('fzstd');

// Arrow JS makes typed arrays over what a codec returns, so it must be aligned.
const aligned = (b) => (b.byteOffset % 8 ? b.slice() : b);
arrow.compressionRegistry.set(arrow.CompressionType.ZSTD, { decode: (b) => aligned(decompress(b)) });

function double(v) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, v);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

function arrowCell(type, v) {
  if (v === null || v === undefined) return null;
  if (arrow.DataType.isDictionary(type)) return arrowCell(type.dictionary, v);
  if (arrow.DataType.isUtf8(type)) return 's:' + v;
  if (arrow.DataType.isBinary(type) || arrow.DataType.isFixedSizeBinary(type)) {
    return 'x:' + Buffer.from(v).toString('hex');
  }
  if (arrow.DataType.isFloat(type)) return double(v);
  if (arrow.DataType.isList(type)) return Array.from(v, (e) => arrowCell(type.children[0].type, e));
  if (arrow.DataType.isStruct(type)) return type.children.map((f) => arrowCell(f.type, v[f.name]));
  return String(v);
}

function readArrow(file) {
  const table = arrow.tableFromIPC(fs.readFileSync(file));
  const out = {};
  for (const f of table.schema.fields) {
    out[f.name] = Array.from(table.getChild(f.name), (v) => arrowCell(f.type, v));
  }
  return out;
}

// Polars cannot hand bytes to JavaScript; of such columns it says how many
// cells are null and how many distinct values there are.
const asked = {
  text: (e) => [e.cast(pl.Utf8), (v) => 's:' + v],
  int: (e) => [e.cast(pl.Utf8), String],
  bool: (e) => [e, String],
  float: (e) => [e.cast(pl.Float64), double],
  bytes: null,
};

function readPolars(frame, questions) {
  const out = {};
  for (const [name, path, kind] of questions) {
    let e = pl.col(path[0]);
    for (const field of path.slice(1)) e = e.explode().struct.field(field);
    if (kind === 'bytes') {
      const one = (x) => String(frame.select(x.cast(pl.Utf8)).toSeries().toArray()[0]);
      out[name] = [one(e.isNull().sum()), one(e.nUnique())];
      continue;
    }
    const [expr, cell] = asked[kind](e);
    out[name] = frame.select(expr).toSeries().toArray().map((v) => (v === null ? null : cell(v)));
  }
  return out;
}

const file = process.argv[2];
const questions = JSON.parse(process.argv[3]);
process.stdout.write(JSON.stringify({
  arrow: readArrow(file),
  polars: readPolars(pl.readIPC(fs.readFileSync(file)), questions),
  polarsScan: readPolars(pl.scanIPC(file).collectSync(), questions),
}));
