/** The window as it looks: pictures for people to judge, and for the README. */
import { describe, test } from "vitest";
import { choosePictures, open, withBrowser, type Desk } from "./desk";

withBrowser();

const narrow = { viewport: { width: 600, height: 800 } };
const dark = { colorScheme: "dark" as const };

async function tides(query = "", options = {}): Promise<Desk> {
  const desk = await open(`?pace=0${query}`, options);
  await desk.ask("How do tides work?");
  await desk.page.locator("article[data-state=done]").waitFor();
  return desk;
}

describe.each([
  ["light", {}],
  ["dark", dark],
  ["narrow", narrow],
])("%s", (name, options) => {
  test("first run, and a model on its way", async () => {
    const desk = await open("?model=none", options);
    await desk.shoot(`${name}-first-run`);
    await desk.page
      .getByRole("button", { name: "Fetch the starter model" })
      .click();
    await desk.page.getByText("MB/s").waitFor();
    await desk.shoot(`${name}-fetching`);
  });

  test("nothing said yet", async () => {
    const desk = await open("?model=base", options);
    await desk.shoot(`${name}-empty`);
  });

  test("an answer with everything in it", async () => {
    const desk = await tides("", options);
    await desk.shoot(`${name}-answer-end`);
    await desk.page
      .locator("[data-scroll]")
      .evaluate((box) => (box.scrollTop = 0));
    await desk.page.getByRole("button", { name: "To the end" }).waitFor();
    await desk.shoot(`${name}-answer`);
    await desk.page
      .locator("[data-scroll]")
      .evaluate((box) => (box.scrollTop = 700));
    await desk.shoot(`${name}-answer-middle`);
  });

  test("while it is written", async () => {
    const desk = await open("?pace=15", options);
    await desk.ask("What is a lectern for, and how high should it be?");
    await desk.page.getByText("exactly as high").waitFor();
    await desk.shoot(`${name}-writing`);
  });

  test("while a long prompt is read", async () => {
    const desk = await open("?read=60000", options);
    await desk.ask(
      "Summarise what we said about the harbour, the tides and the letter.",
    );
    await desk.page.getByText("left").waitFor();
    await desk.shoot(`${name}-reading`);
  });

  test("pictures, in the composer and said", async () => {
    const desk = await open("?pace=0", options);
    await choosePictures(desk, "wide", "landscape", "tall", "small");
    await desk.composer.fill("Which of these is a map?");
    await desk.shoot(`${name}-pictures-composer`);
    await desk.composer.press("Enter");
    await desk.page.locator("article[data-state=done]").waitFor();
    await desk.shoot(`${name}-pictures-said`);
  });

  test("an error where it happened", async () => {
    const desk = await open("?fail=answer&pace=0", options);
    await desk.ask("What is a lectern for?");
    await desk.page.getByRole("alert").waitFor();
    await desk.shoot(`${name}-error`);
  });

  test("the models' room: to fetch, on its way, here, the disk, a token", async () => {
    const desk = await open("?elsewhere&gated&work=60000", options);
    const { page } = desk;
    await page.keyboard.press("Control+l");
    await page.getByRole("button", { name: "More models…" }).click();
    const dialog = page.getByRole("dialog", { name: "Models" });
    await dialog.getByText("writes 9.4 tokens/s here").waitFor();
    await dialog
      .getByRole("button", { name: "Fetch Gemma 3 1B, Q4_K_M" })
      .click();
    await dialog.getByRole("button", { name: "Give a token" }).waitFor();
    await desk.shoot(`${name}-room-fetch`);
    await dialog.getByRole("radio", { name: "On this computer" }).check();
    await dialog.getByRole("button", { name: "Remove Gemma 3 270M" }).click();
    await dialog
      .getByRole("button", { name: "Check the files of Gemma 3 4B" })
      .click();
    await dialog.getByText("Checking every byte").waitFor();
    await desk.shoot(`${name}-room-here`);
    await dialog.getByRole("radio", { name: "Disk" }).check();
    await dialog.getByText("212 GB of 512 GB are free there").waitFor();
    await desk.shoot(`${name}-room-disk`);
    await dialog.getByRole("radio", { name: "To fetch" }).check();
    await dialog.getByRole("button", { name: "Give a token" }).click();
    await page.getByRole("dialog", { name: "Google’s own files" }).waitFor();
    await desk.shoot(`${name}-room-token`);
  });

  test("settings, shortcuts, models, a link", async () => {
    const desk = await tides("&full=0.83", options);
    await desk.page.keyboard.press("Control+,");
    await desk.page.getByRole("dialog").waitFor();
    await desk.shoot(`${name}-settings`);
    await desk.page.keyboard.press("Escape");
    await desk.page.keyboard.press("Control+/");
    await desk.page.getByRole("dialog").waitFor();
    await desk.shoot(`${name}-shortcuts`);
    await desk.page.keyboard.press("Escape");
    await desk.page.keyboard.press("Control+l");
    await desk.page.getByText("Models on this computer").waitFor();
    await desk.shoot(`${name}-models`);
    await desk.page.keyboard.press("Escape");
    await desk.page.getByRole("button", { name: "Getting full" }).click();
    await desk.shoot(`${name}-context`);
    await desk.page.keyboard.press("Escape");
    await desk.page.getByRole("link").first().click();
    await desk.page.getByRole("dialog").waitFor();
    await desk.shoot(`${name}-link`);
  });
});

test("the drawer over a narrow window", async () => {
  const desk = await open("", narrow);
  await desk.page.keyboard.press("Control+b");
  await desk.page.getByRole("navigation").waitFor();
  await desk.shoot("narrow-drawer");
});
