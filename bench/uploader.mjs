// uploader.mjs BASE COUNT CLIENTS BYTES SEED form|put PATH [HEADER]: uploads COUNT files, each of other bytes, over CLIENTS connections that
// are kept alive, and prints how many seconds it took. Plain sockets: a client library would be what is measured.
import { connect } from "node:net";

import { noise } from "./data.mjs";

const [base, count, clients, bytes, seed, how, path, header] = process.argv.slice(2);
const { hostname, port } = new URL(base);
const BOUNDARY = "--------------------------bench7f3a";

/** The head and the tail around a file's bytes; those in between are filled in for each. */
function request(name) {
  if (how === "put") {
    return [`PUT ${path}${name} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${bytes}\r\n\r\n`, ""];
  }
  const part = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="files[0]"; filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const tail = `\r\n--${BOUNDARY}--\r\n`;
  const length = part.length + Number(bytes) + tail.length;
  const type = `Content-Type: multipart/form-data; boundary=${BOUNDARY}`;
  return [`POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\n${header}\r\n${type}\r\nContent-Length: ${length}\r\n\r\n${part}`, tail];
}

let next = 0;

/** One connection: sends, waits for the whole answer, sends the next. */
function client() {
  return new Promise((resolve, reject) => {
    const body = noise(Number(bytes), Number(seed));
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let answer = "";
    const send = () => {
      if (next >= Number(count)) {
        socket.end();
        resolve();
        return;
      }
      const number = next;
      next += 1;
      // Everywhere else the bytes are the seed's: one changed number is enough to make them others.
      body.writeUInt32LE(number, 0);
      const [head, tail] = request(`${seed}-${number}.bin`);
      socket.cork();
      socket.write(head);
      socket.write(Buffer.from(body));
      if (tail !== "") socket.write(tail);
      socket.uncork();
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed a connection")));
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      answer += text;
      const end = answer.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/^content-length: *(\d+)/im.exec(answer.slice(0, end))?.[1] ?? 0);
      if (answer.length < end + 4 + length) return;
      if (!answer.startsWith("HTTP/1.1 201")) return reject(new Error(answer.slice(0, 500)));
      answer = answer.slice(end + 4 + length);
      send();
    });
  });
}

const begun = performance.now();
await Promise.all(Array.from({ length: Number(clients) }, client));
console.log((performance.now() - begun) / 1000);
