// Puts a .br and a .gz beside every file of web/dist that gets smaller by it, so that the server
// never compresses anything.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const compressible = /\.(css|html|js|json|mjs|svg|txt|wasm|webmanifest|xml)$/;

const encoders = {
  ".br": (content) =>
    brotliCompressSync(content, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      },
    }),
  ".gz": (content) => gzipSync(content, { level: 9 }),
};

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !compressible.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const content = readFileSync(path);
  const sizes = [content.length];
  for (const [suffix, encode] of Object.entries(encoders)) {
    const encoded = encode(content);
    if (encoded.length < content.length) {
      writeFileSync(path + suffix, encoded);
      sizes.push(encoded.length);
    }
  }
  console.log(relative(dist, path).padEnd(40), sizes.join(" -> "), "bytes");
}
