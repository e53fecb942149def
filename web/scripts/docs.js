// Puts the page of /docs into web/dist: ours, and the reader of OpenAPI documents that it shows.
import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

cpSync(path("docs"), path("dist/docs"), { recursive: true });
for (const [from, to] of [
  ["swagger-ui.css", "swagger-ui.css"],
  ["swagger-ui-bundle.js", "swagger-ui-bundle.js"],
  ["LICENSE", "swagger-ui.LICENSE.txt"],
]) {
  cpSync(path(`node_modules/swagger-ui-dist/${from}`), path(`dist/docs/${to}`));
}
