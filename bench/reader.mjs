// reader.mjs BASE COUNT PATHS [HEADER]: asks for the paths in the file PATHS (one a line) COUNT times in turn over one connection that is
// kept alive, one request after the other, and prints how many milliseconds each took as a JSON list. A plain socket: a client library
// would be what is measured.
import { readFileSync } from "node:fs";
import { connect } from "node:net";

const [base, count, file, header] = process.argv.slice(2);
const { hostname, port } = new URL(base);
const requests = readFileSync(file, "utf8")
  .split("\n")
  .filter(Boolean)
  .map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n${header}\r\n\r\n`, "latin1"));

const socket = connect({ host: hostname, port: Number(port), noDelay: true });
const times = [];
let begun = 0;
/** What is still to come of an answer; before its head is whole, its beginning is kept in `head`. */
let missing = null;
let head = Buffer.alloc(0);

function send() {
  if (times.length === Number(count)) {
    console.log(JSON.stringify(times));
    process.exit(0);
  }
  missing = null;
  head = Buffer.alloc(0);
  const request = requests[times.length % requests.length];
  begun = performance.now();
  socket.write(request);
}

function fail(message) {
  console.error(`reader: ${message}`);
  process.exit(1);
}

socket.on("connect", send);
socket.on("error", (error) => fail(error.message));
socket.on("close", () => fail("the server closed the connection"));
socket.on("data", (data) => {
  if (missing === null) {
    head = Buffer.concat([head, data]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const text = head.toString("latin1", 0, end);
    if (!/^HTTP\/1\.1 20[06] /.test(text)) fail(head.toString("latin1", 0, 500));
    const length = /^content-length: *(\d+)/im.exec(text);
    if (length === null) fail(`no length: ${text}`);
    missing = Number(length[1]) - (head.length - end - 4);
  } else {
    missing -= data.length;
  }
  if (missing > 0) return;
  times.push(Number((performance.now() - begun).toFixed(4)));
  send();
});
