/** Asking and being answered. */
import { expect, test } from "vitest";
import { open, withBrowser } from "./desk";

withBrowser();

const state = (name: string) => `article[data-role=model][data-state=${name}]`;

test("a question is answered word by word, and the figures say what it cost", async () => {
  const desk = await open("?pace=12");
  await desk.ask("What is a lectern for?");
  await desk.page
    .locator(state("writing"))
    .getByText("A lectern holds")
    .waitFor();
  const early = (await desk.answer.innerText()).length;
  await desk.page.getByTestId("speed").getByText("tokens/s").waitFor();
  await desk.page.locator(state("done")).waitFor();
  expect((await desk.answer.innerText()).length).toBeGreaterThan(early);
  await expect(
    desk.page.locator("article[data-role=user]").innerText(),
  ).resolves.toBe("What is a lectern for?");
  await desk.answer.hover();
  await expect(desk.answer.locator("footer").innerText()).resolves.toMatch(
    /\d+ tokens.*tokens\/s/s,
  );
  await expect(desk.composer.inputValue()).resolves.toBe("");
});

test("Escape stops an answer, and what was written so far stays, marked", async () => {
  const desk = await open("?say=long&pace=20");
  await desk.ask("Go on for long");
  await desk.answer.getByText("A lectern holds").first().waitFor();
  await desk.composer.press("Escape");
  await desk.page.locator(state("cut-short")).waitFor();
  await desk.answer.getByText("cut short").waitFor();
  await desk.page.getByRole("button", { name: "Send" }).waitFor();
  await desk.ask("And again");
  await desk.page.getByRole("button", { name: "Stop" }).click();
  await expect
    .poll(() => desk.page.locator(state("cut-short")).count())
    .toBe(2);
});

test("while a prompt is read there is a bar with tokens and time left", async () => {
  const desk = await open("?read=3000&pace=0");
  await desk.ask("Read this");
  await desk.page.getByRole("progressbar").waitFor();
  const status = desk.page.getByTestId("status");
  await status.getByText(/Reading [\d,]+ of 12,480 tokens/).waitFor();
  await status.getByText(/\d+ s left/).waitFor();
  await desk.page.locator(state("done")).waitFor();
  expect(await status.count()).toBe(0);
});

test("waiting for another answer and loading the model are said", async () => {
  const desk = await open("?wait=700&loading=700&pace=0");
  await desk.ask("Now");
  await desk.page.getByText("Waiting for the other answer").waitFor();
  await desk.page.locator(state("done")).waitFor();
});

test("an error in the middle of an answer stands beneath it and offers to ask again", async () => {
  const desk = await open("?fail=answer&pace=0");
  await desk.ask("What is a lectern for?");
  const alert = desk.page.getByRole("alert");
  await alert.getByText("The model ran out of memory.").waitFor();
  await alert.getByText("Close other programs").waitFor();
  await desk.page.locator(state("cut-short")).waitFor();
  await alert.getByRole("button", { name: "Ask again" }).click();
  await expect
    .poll(() => desk.page.locator("article[data-role=user]").count())
    .toBe(2);
});

test("a question that could not be kept is back in the composer", async () => {
  const desk = await open("?fail=send");
  await desk.ask("Nothing of this may be lost");
  await desk.page.getByRole("alert").getByText("the disk is full").waitFor();
  await expect(desk.composer.inputValue()).resolves.toBe(
    "Nothing of this may be lost",
  );
  await desk.reload();
  await expect(desk.composer.inputValue()).resolves.toBe(
    "Nothing of this may be lost",
  );
});

test("an answer goes on while one looks at another conversation", async () => {
  const desk = await open("?pace=15&say=rich");
  await desk.ask("Tides, please");
  await desk.answer.getByText("The Moon pulls").waitFor();
  const nav = desk.page.getByRole("navigation", { name: "Conversations" });
  await nav
    .getByRole("button", { name: "Names for a grey cat", exact: true })
    .click();
  await nav
    .getByRole("img", { name: "An answer is being written here" })
    .waitFor();
  await nav.getByRole("button", { name: "Tides, please", exact: true }).click();
  await desk.page
    .locator(state("done"))
    .getByText("thorough")
    .waitFor({ timeout: 20_000 });
});

test("the text follows its end only while the person is there", async () => {
  const desk = await open("?say=long&pace=6");
  await desk.ask("Go on");
  const box = desk.page.locator("[data-scroll]");
  const place = () => box.evaluate((each) => each.scrollTop);
  await expect.poll(place).toBeGreaterThan(300);
  await box.hover();
  await desk.page.mouse.wheel(0, -250);
  await desk.page.getByRole("button", { name: "To the end" }).waitFor();
  const left = await place();
  const length = (await desk.answer.innerText()).length;
  await expect
    .poll(async () => (await desk.answer.innerText()).length)
    .toBeGreaterThan(length + 300);
  expect(Math.abs((await place()) - left)).toBeLessThan(2);
  await desk.page.getByRole("button", { name: "To the end" }).click();
  const gap = () =>
    box.evaluate(
      (each) => each.scrollHeight - each.clientHeight - each.scrollTop,
    );
  await expect.poll(gap).toBeLessThan(40);
});

test("the end of an answer is announced, its words are not", async () => {
  const desk = await open("?pace=0");
  await desk.ask("What is a lectern for?");
  await desk.page
    .getByRole("status")
    .getByText("The answer has ended.")
    .waitFor();
  await expect(
    desk.page.getByRole("log").getAttribute("aria-live"),
  ).resolves.toBe("off");
});

test("the context meter says in words when it gets full, and opens into figures", async () => {
  const desk = await open("?full=0.96&pace=0");
  await desk.ask("What is a lectern for?");
  await desk.page.getByRole("button", { name: "Nearly full 96 %" }).click();
  const figures = desk.page.getByRole("dialog", { name: "Context" });
  await figures.getByText("131,072 tokens").waitFor();
  await desk.page.keyboard.press("Escape");
  await figures.waitFor({ state: "detached" });
});
