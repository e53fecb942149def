import { defineConfig } from "vite";

// `npm run dev` serves the page and passes the rest on to a running `cargo xtask up`.
const host = process.env.TASKWHISPER_URL ?? "http://127.0.0.1:3000";

export default defineConfig({
  build: {
    target: "es2022",
    // The page's policy allows files from here only: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": host,
      "/health": host,
      "/ws": { target: host, ws: true },
    },
  },
});
