import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  // The port is the one tauri.conf.json names as devUrl.
  server: { port: 1420, strictPort: true, host: "127.0.0.1" },
  build: {
    target: "safari16.4",
    // The policy of the page allows files of its own, not data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts"] },
});
