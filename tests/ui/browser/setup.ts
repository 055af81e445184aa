/**
 * Builds the page with its stand-in and serves it under the policy the application has, so that
 * what the web view would refuse is refused here as well.
 */
import { existsSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { build, preview } from "vite";

const repository = new URL("../../../", import.meta.url).pathname;
const ui = `${repository}ui`;

declare module "vitest" {
  interface ProvidedContext {
    address: string;
  }
}

export default async function setup(project: TestProject) {
  const common = { root: ui, mode: "fake", logLevel: "error" as const };
  const outDir = "dist-fake";
  // The test runner says "test" here, and Vite would build the page as for development.
  process.env["NODE_ENV"] = "production";
  await build({ ...common, build: { outDir, emptyOutDir: true } });
  const headers = { "Content-Security-Policy": policy() };
  const server = await preview({
    ...common,
    build: { outDir },
    preview: { port: 0, strictPort: false, host: "127.0.0.1", headers },
  });
  const { port } = server.httpServer.address() as AddressInfo;
  project.provide("address", `http://127.0.0.1:${port}/`);
  return () => server.close();
}

/** The policy in tauri.conf.json, which the page has in the application. */
function policy(): string {
  const path = `${repository}tauri.conf.json`;
  if (!existsSync(path))
    throw new Error(`${path} is missing: the journeys run under its policy`);
  const { app } = JSON.parse(readFileSync(path, "utf8")) as {
    app: { security: { csp: string | Record<string, string | string[]> } };
  };
  const { csp } = app.security;
  if (typeof csp === "string") return csp;
  return Object.entries(csp)
    .map(([name, sources]) => `${name} ${[sources].flat().join(" ")}`)
    .join("; ");
}
