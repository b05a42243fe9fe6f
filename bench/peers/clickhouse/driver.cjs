// Runs statements in chDB for a parent process: a line of JSON {id, sql} in, a
// line {id, bytes, error} and so many bytes out. Its argument is a JSON object:
// path (data directory), database, settings, sessions (statements at once).
const { Session } = require("chdb");
const { createInterface } = require("readline");

const options = JSON.parse(process.argv[2]);
const set = "SET " + Object.entries(options.settings).map(([k, v]) => `${k} = '${v}'`).join(", ");
const sessions = [];
for (let i = 0; i < options.sessions; i++) {
  const s = new Session(options.path);
  if (i === 0) s.query(`CREATE DATABASE IF NOT EXISTS ${options.database} ENGINE = Atomic`);
  s.query(`USE ${options.database}`);
  s.query(set);
  sessions.push(s);
}

const waiting = [];

function answer(id, bytes, error) {
  process.stdout.write(JSON.stringify({ id, bytes: bytes.length, error }) + "\n");
  process.stdout.write(bytes);
}

async function run(session, { id, sql }) {
  try {
    const result = await session.queryAsync(sql, { format: "ArrowStream" });
    answer(id, Buffer.from(result.bytes()), "");
  } catch (e) {
    answer(id, Buffer.alloc(0), String(e.message || e));
  }
  const next = waiting.shift();
  if (next) run(session, next);
  else sessions.push(session);
}

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("line", (line) => {
  const statement = JSON.parse(line);
  const session = sessions.pop();
  if (session) run(session, statement);
  else waiting.push(statement);
});
lines.on("close", () => {
  for (const s of sessions) s.close();
});
