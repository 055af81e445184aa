/** The browser journeys: the built page in a real browser, with a stand-in behind it. */
import { defineConfig } from "vitest/config";

// The journeys live with the project's other tests and borrow the packages installed here.
const borrowed = (name: string) => new URL(`node_modules/${name}`, import.meta.url).pathname;

export default defineConfig({
  root: new URL("../tests/ui/browser", import.meta.url).pathname,
  cacheDir: borrowed(".vite-journeys"),
  resolve: {
    alias: {
      "playwright-core": borrowed("playwright-core/index.mjs"),
      "axe-core": borrowed("axe-core/axe.js"),
      "vitest/config": borrowed("vitest/dist/config.js"),
      vitest: borrowed("vitest/dist/index.js"),
      vite: borrowed("vite/dist/node/index.js"),
    },
  },
  server: { fs: { allow: [new URL("..", import.meta.url).pathname] } },
  test: {
    include: ["**/*.test.ts"],
    globalSetup: ["./setup.ts"],
    // One browser at a time: a journey measures what a person would feel.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // What is awaited comes with an event; how long that takes is the machine's affair.
    expect: { poll: { timeout: 10_000 } },
  },
});
