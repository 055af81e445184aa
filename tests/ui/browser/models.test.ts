/** Getting a model, choosing one, and what the window says while there is none. */
import { expect, test } from "vitest";
import { open, withBrowser } from "./desk";

withBrowser();

test("from nothing to an answer: fetch the starter, then ask", async () => {
  const desk = await open("?model=none&pace=0&steps=12");
  const first = desk.page.getByTestId("first-run");
  await first
    .getByRole("heading", { name: "First, a model to read with" })
    .waitFor();
  await first.getByRole("button", { name: "Fetch the starter model" }).click();
  await first.getByRole("progressbar").waitFor();
  await first.getByText(/MB of 253 MB/).waitFor();
  await first.getByText(/MB\/s/).waitFor();
  await first.getByText(/s left/).waitFor();
  await first.waitFor({ state: "detached" });
  await desk.page.getByText("is a base model: it continues text").waitFor();
  await desk.page
    .getByRole("button", { name: "Model: Gemma 3 270M" })
    .waitFor();
  await desk.ask("What is a lectern for?");
  await desk.page.locator("article[data-state=done]").waitFor();
});

test("a fetch can be cancelled and begun again", async () => {
  const desk = await open("?model=none");
  const first = desk.page.getByTestId("first-run");
  await first.getByRole("button", { name: "Fetch the starter model" }).click();
  await first.getByText(/MB of 253 MB/).waitFor();
  await first.getByRole("button", { name: "Cancel" }).click();
  await first
    .getByRole("button", { name: "Fetch the starter model" })
    .waitFor();
});

test("a fetch that fails says why and can be tried again", async () => {
  const desk = await open("?model=none&fail=fetch");
  const first = desk.page.getByTestId("first-run");
  await first.getByRole("button", { name: "Fetch the starter model" }).click();
  await first
    .getByRole("alert")
    .getByText("what has arrived is kept")
    .waitFor();
  await first.getByRole("button", { name: "Try again" }).click();
  await first.getByRole("progressbar").waitFor();
});

test("a file of one's own is opened from the first screen", async () => {
  const desk = await open("?model=none");
  await desk.page.getByRole("button", { name: "Open a GGUF file…" }).click();
  await desk.page.getByRole("button", { name: "Model: Gemma 3 4B" }).waitFor();
  await desk.page.getByText("What would you like to think through?").waitFor();
});

test("models are chosen and removed in the menu, the last one leads back to the first screen", async () => {
  const desk = await open("?empty");
  const { page } = desk;
  await page.keyboard.press("Control+l");
  const menu = page.getByRole("dialog", { name: "Models on this computer" });
  await menu.getByText("Base model: continues text").waitFor();
  await menu.getByRole("button", { name: /^Gemma 3 270M/ }).click();
  await page
    .getByRole("button", { name: "Model: Gemma 3 270M" })
    .getByText("Base model")
    .waitFor();
  for (const title of ["Gemma 3 4B", "Gemma 3 270M"]) {
    if (!(await menu.isVisible())) await page.keyboard.press("Control+l");
    await menu.getByRole("button", { name: `Remove ${title}` }).click();
    const sure = page.getByRole("dialog", { name: `Remove ${title}?` });
    await sure.getByText("Conversations stay.").waitFor();
    await sure.getByRole("button", { name: "Remove" }).click();
    await menu
      .getByRole("button", { name: `Remove ${title}` })
      .waitFor({ state: "detached" });
  }
  await page.keyboard.press("Escape");
  await page.getByTestId("first-run").waitFor();
});

test("a model that does not load says so in the menu", async () => {
  const desk = await open("?fail=load");
  await desk.page.getByRole("button", { name: /^Model:/ }).click();
  await desk.page
    .getByRole("alert")
    .getByText("choose a smaller model")
    .waitFor();
});

test("when what is kept cannot be read the window says that, and tries again", async () => {
  const desk = await open("?fail=models");
  await desk.page
    .getByRole("alert")
    .getByText("The models folder cannot be read.")
    .waitFor();
  await desk.page.getByRole("button", { name: "Try again" }).click();
  await desk.page.getByRole("alert").waitFor();
});

test("a larger model is fetched, with what each takes of this computer", async () => {
  const desk = await open("?model=none&steps=8&pace=0");
  const { page } = desk;
  await page.getByRole("button", { name: "More models…" }).click();
  const dialog = page.getByRole("dialog", { name: "Models to fetch" });
  await dialog.getByText("This computer has 16 GB of memory.").waitFor();
  const rows = dialog.getByTestId("offers").getByRole("listitem");
  await expect.poll(() => rows.count()).toBe(5);
  const row = (title: string) => rows.filter({ hasText: title });
  const button = (title: string) => row(title).getByRole("button");
  await row("Gemma 3 4B").getByText("Begin with this one").waitFor();
  await row("Gemma 3 4B").getByText("sees pictures").waitFor();
  await row("Gemma 3 12B").getByText("Only if not much else runs").waitFor();
  await row("Gemma 3 27B")
    .getByText("Too large: it needs 20 GB of 16 GB. A smaller size fits.")
    .waitFor();
  await expect(button("Gemma 3 27B").isDisabled()).resolves.toBe(true);
  await row("Gemma 3 4B").getByText("writes 9.4 tokens/s here").waitFor();
  await row("Gemma 3 1B").getByText("English only").waitFor();
  await desk.shoot("offers");

  await button("Gemma 3 4B").click();
  const first = page.getByTestId("first-run");
  await first
    .getByRole("progressbar", { name: "Fetching Gemma 3 4B" })
    .waitFor();
  await page.getByRole("button", { name: "Model: Gemma 3 4B" }).waitFor();
  await page.keyboard.press("Control+l");
  await page.getByRole("button", { name: "More models…" }).click();
  await row("Gemma 3 4B").getByText("Here", { exact: true }).waitFor();
  await expect(button("Gemma 3 4B").count()).resolves.toBe(0);
});

test("what can be fetched cannot be told: it says why, and can be tried again", async () => {
  const desk = await open("?model=none&fail=offers");
  await desk.page.getByRole("button", { name: "More models…" }).click();
  const dialog = desk.page.getByRole("dialog", { name: "Models to fetch" });
  await dialog.getByText("The models folder cannot be read.").waitFor();
  await dialog.getByRole("button", { name: "Try again" }).click();
  await dialog.getByText("The models folder cannot be read.").waitFor();
});

test("a large file that is taken in shows how far it is, and can be left", async () => {
  const desk = await open("?model=none&import=4000");
  const first = desk.page.getByTestId("first-run");
  await first.getByRole("button", { name: "Open a GGUF file…" }).click();
  await first.getByText("Taking the file in").waitFor();
  await first.getByText(/of 3.2 GB/).waitFor();
  await first.getByText(/s left/).waitFor();
  await first.getByRole("button", { name: "Cancel" }).click();
  await first.getByRole("button", { name: "Open a GGUF file…" }).click();
  await desk.page.getByRole("button", { name: "Model: Gemma 3 4B" }).waitFor();
});

test("this computer is measured once, and then says how fast each model will be", async () => {
  const desk = await open("?model=none&test=60");
  const { page } = desk;
  const first = page.getByTestId("first-run");
  await first
    .getByRole("progressbar", { name: "Measuring this computer" })
    .waitFor();
  await first.getByText("writes about 9.4 tokens/s here").waitFor();
  await page.getByRole("button", { name: "More models…" }).click();
  const dialog = page.getByRole("dialog", { name: "Models to fetch" });
  await expect.poll(() => dialog.getByText(/tokens\/s here/).count()).toBe(5);
  await dialog.getByRole("button", { name: "Measure again" }).click();
  await dialog
    .getByRole("progressbar", { name: "Measuring this computer" })
    .waitFor();
  await dialog.getByRole("button", { name: "Measure again" }).waitFor();
});

test("one slider says what reading more at once takes, and what no longer fits", async () => {
  const desk = await open("?model=none");
  const { page } = desk;
  await page.getByRole("button", { name: "More models…" }).click();
  const dialog = page.getByRole("dialog", { name: "Models to fetch" });
  const slider = dialog.getByRole("slider", {
    name: "How much should it read at once?",
  });
  await slider.focus();
  await slider.press("Home");
  await dialog.getByText("2,048 tokens, about 5 pages").waitFor();
  await dialog
    .getByText("Gemma 3 4B then takes about 4.1 GB of memory.")
    .waitFor();
  for (let step = 0; step < 6; step += 1) await slider.press("ArrowRight");
  await dialog.getByText("131,072 tokens, about 330 pages").waitFor();
  await dialog
    .getByText("Gemma 3 4B then takes about 6.8 GB of memory.")
    .waitFor();
  const large = dialog.getByRole("listitem").filter({ hasText: "Gemma 3 12B" });
  await large
    .getByText("It would fit if it read at most 60,416 tokens at once.")
    .waitFor();
  await desk.shoot("offers-at-once");
  await slider.press("End");
  await dialog.getByText("As much as fits").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "More models…" }).click();
  await dialog.getByText("As much as fits").waitFor();
});
