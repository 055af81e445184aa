/** What is shipped: no stand-in, nothing from elsewhere, nothing the policy would refuse. */
import { expect, test } from "vitest";
import { build } from "vite";

const root = new URL("../../../ui", import.meta.url).pathname;

test("a release holds the application's page and nothing else", async () => {
  const built = await build({
    root,
    mode: "production",
    logLevel: "error",
    build: { write: false },
  });
  if (!("output" in built)) throw new Error("one build has one output");
  const files = built.output.map((file) => ({
    name: file.fileName,
    text: String(file.type === "chunk" ? file.code : file.source),
  }));
  const ending = (end: string) =>
    files.filter(({ name }) => name.endsWith(end));

  const code = ending(".js")
    .map(({ text }) => text)
    .join("\n");
  expect(files.filter(({ name }) => name.includes("fake"))).toEqual([]);
  expect(code).not.toContain("A lectern holds the book one reads from");
  expect(code).not.toContain("misbehave");

  const page = ending(".html")[0]!.text;
  expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/);
  expect(page).not.toMatch(/\sstyle=|\son\w+=|https?:/);

  const styles = ending(".css")
    .map(({ text }) => text)
    .join("\n");
  expect(styles).not.toMatch(/url\(\s*["']?(https?:|\/\/|data:)/);
  expect(styles).not.toContain("@import");

  const bytes = files.reduce(
    (sum, { name, text }) => (name.endsWith("woff2") ? sum : sum + text.length),
    0,
  );
  console.log(`the page without its fonts: ${Math.round(bytes / 1000)} kB`);
  expect(bytes).toBeLessThan(600_000);
});
