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

test("a fetch can be paused, let go on, and cancelled", async () => {
  const desk = await open("?model=none");
  const first = desk.page.getByTestId("first-run");
  const button = (name: string) => first.getByRole("button", { name });
  await button("Fetch the starter model").click();
  await first.getByText(/s left/).waitFor();
  await button("Pause Gemma 3 270M").click();
  await first.getByText("Paused").waitFor();
  await first.getByText(/MB of 253 MB/).waitFor();
  await button("Go on with Gemma 3 270M").click();
  await first.getByText("Downloading").waitFor();
  await button("Cancel Gemma 3 270M, and delete what came").click();
  await button("Fetch the starter model").waitFor();
});

test("a fetch that is given up says why and what to do, and goes on when asked", async () => {
  const desk = await open("?model=none&fail=fetch");
  const first = desk.page.getByTestId("first-run");
  await first.getByRole("button", { name: "Fetch the starter model" }).click();
  await first
    .getByRole("alert")
    .getByText("The disk is full. Free some space; what has arrived is kept.")
    .waitFor();
  await desk.shoot("fetch-failed");
  await first.getByRole("button", { name: "Go on with Gemma 3 270M" }).click();
  await first.getByRole("alert").waitFor({ state: "detached" });
});

test("a bad line is said while it is waited out", async () => {
  const desk = await open("?model=none&line=bad&steps=20");
  const first = desk.page.getByTestId("first-run");
  await first.getByRole("button", { name: "Fetch the starter model" }).click();
  await first
    .getByText("The line to huggingface.co broke; trying again in 4 seconds.")
    .waitFor();
  await desk.page
    .getByRole("button", { name: "Model: Gemma 3 270M" })
    .waitFor();
});

test("what takes an account asks for a token, and then goes on by itself", async () => {
  const desk = await open("?model=none&gated&steps=6");
  const { page } = desk;
  const first = page.getByTestId("first-run");
  await first.getByRole("button", { name: "Fetch the starter model" }).click();
  await first.getByRole("button", { name: "Give a token" }).click();
  const dialog = page.getByRole("dialog", { name: "Google’s own files" });
  await dialog.getByText("Gemma’s terms of use").waitFor();
  await desk.shoot("token");
  await dialog.getByLabel("Token", { exact: true }).fill("nonsense");
  await dialog.getByRole("button", { name: "Keep it" }).click();
  await dialog
    .getByRole("alert")
    .getByText("The hub does not know this token.")
    .waitFor();
  await dialog.getByLabel("Token", { exact: true }).fill("hf_abcdefgh9xQz");
  await dialog.getByLabel("Token", { exact: true }).press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Model: Gemma 3 270M" }).waitFor();
});

test("what another program has is used where it is", async () => {
  const desk = await open("?model=none&elsewhere");
  const { page } = desk;
  const first = page.getByTestId("first-run");
  await first
    .getByText("Ollama has it on this computer already; it sees pictures.")
    .waitFor();
  await desk.shoot("first-run-elsewhere");
  await first.getByRole("button", { name: "Use it there" }).click();
  await page.getByRole("button", { name: "Model: Gemma 3 12B" }).waitFor();
  await page.keyboard.press("Control+l");
  await page.getByRole("button", { name: "Manage models…" }).click();
  const dialog = page.getByRole("dialog", { name: "Models" });
  await dialog
    .getByText("used where it is: /home/me/.ollama/models/blobs")
    .waitFor();
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
    await menu
      .getByRole("button", { name: `Remove ${title}` })
      .waitFor({ state: "detached" });
  }
  await page.getByText("Gemma 3 270M is removed.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("first-run").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Model: Gemma 3 270M" }).waitFor();
});

test("what is removed can be put back until Lectern is closed", async () => {
  const desk = await open("");
  const { page } = desk;
  await page.keyboard.press("Control+l");
  await page.getByRole("button", { name: "Manage models…" }).click();
  const dialog = page.getByRole("dialog", { name: "Models" });
  const here = dialog.getByTestId("here");
  await here.getByText("from huggingface.co/ggml-org").first().waitFor();
  await here.getByText("last used 3 days ago").waitFor();
  await here.getByRole("button", { name: "Remove Gemma 3 4B" }).click();
  const removed = dialog.getByTestId("removed");
  await removed
    .getByText("3.2 GB are free again once Lectern is closed.")
    .waitFor();
  await dialog.getByRole("radio", { name: "Disk" }).check();
  await dialog.getByText("Removed, gone when Lectern is closed").waitFor();
  await dialog.getByRole("radio", { name: "On this computer" }).check();
  await removed.getByRole("button", { name: "Put it back" }).click();
  await here.getByRole("button", { name: "Remove Gemma 3 4B" }).waitFor();
});

test("a model's files are checked, with progress and a way to stop", async () => {
  const desk = await open("?work=3000");
  const { page } = desk;
  await page.keyboard.press("Control+l");
  await page.getByRole("button", { name: "Manage models…" }).click();
  const dialog = page.getByRole("dialog", { name: "Models" });
  const check = dialog.getByRole("button", {
    name: "Check the files of Gemma 3 4B",
  });
  await check.click();
  await dialog
    .getByRole("progressbar", { name: "Checking every byte" })
    .waitFor();
  await desk.shoot("here");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.getByRole("progressbar").waitFor({ state: "detached" });
  await check.click();
  await dialog.getByText("Every byte is as it was published.").waitFor();
});

test("the disk in one picture: what can go goes, and the models can lie elsewhere", async () => {
  const desk = await open("");
  const { page } = desk;
  await page.keyboard.press("Control+l");
  await page.getByRole("button", { name: "Manage models…" }).click();
  const dialog = page.getByRole("dialog", { name: "Models" });
  await dialog.getByRole("radio", { name: "Disk" }).check();
  await dialog.getByText("212 GB of 512 GB are free there").waitFor();
  await desk.shoot("disk");
  await dialog
    .getByRole("button", { name: "Clear what was seen in pictures" })
    .click();
  await dialog
    .getByText("What was seen in pictures")
    .waitFor({ state: "detached" });
  await dialog
    .getByRole("button", { name: "Delete gemma-3-1b-it.gguf.partial" })
    .click();
  await dialog.getByTestId("leftovers").waitFor({ state: "detached" });
  await dialog.getByRole("button", { name: "Move it…" }).click();
  await dialog
    .getByRole("progressbar", { name: "Moving the models" })
    .waitFor();
  await dialog.getByText("/media/me/large/lectern-models").waitFor();
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
  const dialog = page.getByRole("dialog", { name: "Models" });
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

  await button("Gemma 3 1B").click();
  await button("Gemma 3 4B").click();
  const coming = dialog.getByTestId("fetching");
  await coming
    .filter({ hasText: "4B" })
    .getByText("Waits for the one before")
    .waitFor();
  await dialog
    .getByRole("progressbar", { name: "Fetching Gemma 3 1B" })
    .waitFor();
  await desk.shoot("queue");
  await row("Gemma 3 4B").getByText("Here", { exact: true }).waitFor();
  await expect(button("Gemma 3 4B").count()).resolves.toBe(0);
});

test("what can be fetched cannot be told: it says why, and can be tried again", async () => {
  const desk = await open("?model=none&fail=offers");
  await desk.page.getByRole("button", { name: "More models…" }).click();
  const dialog = desk.page.getByRole("dialog", { name: "Models" });
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
  const dialog = page.getByRole("dialog", { name: "Models" });
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
  const dialog = page.getByRole("dialog", { name: "Models" });
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
