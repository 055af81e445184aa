/** What every journey needs: a browser, a fresh page of Lectern, and a place for screenshots. */
import { mkdirSync } from "node:fs";
import {
  chromium,
  type Browser,
  type BrowserContextOptions,
  type Page,
} from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFinished } from "vitest";

const screenshots = new URL("../../../target/screenshots/", import.meta.url)
  .pathname;

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export type Desk = {
  page: Page;
  /** Opens the page again, as after a restart: what was kept is there, the rest is gone. */
  reload: () => Promise<void>;
  composer: ReturnType<Page["getByRole"]>;
  answer: ReturnType<Page["locator"]>;
  ask: (text: string) => Promise<void>;
  shoot: (name: string) => Promise<void>;
};

let browser: Browser;

/** A picture of the golden checkpoints: "wide", "tall", "landscape", "small". */
export const golden = (name: string) =>
  new URL(`../../golden/tiny-mm/${name}.png`, import.meta.url).pathname;

/** Puts pictures into the composer, as the file dialog would, and waits until they are drawn. */
export async function choosePictures(
  { page }: Desk,
  ...names: string[]
): Promise<void> {
  const drawn = page.getByTestId("pictures").locator("img");
  const before = await drawn.count();
  await page.getByTestId("files").setInputFiles(names.map(golden));
  await expect.poll(() => drawn.count()).toBe(before + names.length);
}

/** Call once in each file of journeys. */
export function withBrowser(): void {
  beforeAll(async () => {
    const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
    browser = await chromium.launch({ executablePath, args: FLAGS });
  });
  afterAll(() => browser.close());
}

/** A fresh page whose stand-in behaves as `query` says. What the policy refuses fails the journey. */
export async function open(
  query = "",
  options: BrowserContextOptions = {},
): Promise<Desk> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
    // Pictures and positions are taken when things have come to rest.
    reducedMotion: "reduce",
    ...options,
  });
  const faults: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  const origin = new URL(inject("address")).origin;
  page.on("request", (request) => {
    if (!request.url().startsWith(origin))
      faults.push(`asked the network for ${request.url()}`);
  });
  // As the application has it: nobody's library may change what all objects are made of.
  await page.addInitScript(() => Object.freeze(Object.prototype));
  onTestFinished(async () => {
    await context.close();
    expect(faults, "faults of the page").toEqual([]);
  });

  const ready = () =>
    page.locator("html[data-ready]").waitFor({ state: "attached" });
  await page.goto(inject("address") + query);
  await ready();
  const composer = page.getByRole("textbox", { name: "Message" });
  return {
    page,
    composer,
    answer: page.locator("article[data-role=model]").last(),
    reload: async () => {
      await page.reload();
      await ready();
    },
    ask: async (text) => {
      await composer.fill(text);
      await composer.press("Enter");
    },
    shoot: async (name) => {
      mkdirSync(screenshots, { recursive: true });
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: `${screenshots}${name}.png` });
    },
  };
}
