// data.mjs: bytes to measure with, the same in every run: noise that nothing compresses, and a large picture. It knows no server.
import { createCipheriv } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import * as zlib from "node:zlib";

/** `length` bytes of noise, a different one for each seed. */
export function noise(length, seed) {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Writes a file of noise bit by bit. */
export function noiseFile(path, length, seed) {
  const file = openSync(path, "w");
  const step = 16 * 1024 * 1024;
  for (let at = 0, part = 0; at < length; at += step, part += 1) {
    writeSync(file, noise(Math.min(step, length - at), seed * 1000 + part));
  }
  closeSync(file);
}

/** A PNG of soft colours with some grain, so that its JPEG is about as large as a photograph's. */
export function picture(width, height, seed) {
  const grain = noise(width * height, seed);
  const rows = Buffer.alloc((width * 3 + 1) * height);
  let at = 0;
  for (let y = 0; y < height; y += 1) {
    at += 1; // The row's filter: none.
    for (let x = 0; x < width; x += 1) {
      const soft = 110 + 60 * Math.sin(x / 97) + 50 * Math.cos(y / 131) + (grain[y * width + x] & 31);
      rows[at] = soft;
      rows[at + 1] = (soft * 0.8 + x / 32) & 255;
      rows[at + 2] = (soft * 0.6 + y / 24) & 255;
      at += 3;
    }
  }
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB.
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [chunk("IHDR", size), chunk("IDAT", zlib.deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

function chunk(type, data) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const named = Buffer.concat([Buffer.from(type, "ascii"), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** Node has its own from 22.2 on. */
const crc32 = zlib.crc32 ?? slowCrc32;

function slowCrc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}
