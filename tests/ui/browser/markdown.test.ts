/** What an answer looks like, and what it cannot do. */
import { expect, test } from "vitest";
import { open, withBrowser } from "./desk";

withBrowser();

test("headings, lists, tasks, tables, quotes and code are drawn", async () => {
  const desk = await open("?say=rich&pace=0");
  await desk.ask("Tides");
  await desk.page.locator("article[data-state=done]").waitFor();
  const { answer } = desk;
  await answer.getByRole("heading", { name: "How tides work" }).waitFor();
  expect(await answer.locator("ol > li").count()).toBe(3);
  expect(await answer.locator("ol ul > li").count()).toBe(2);
  expect(await answer.getByRole("checkbox").count()).toBe(3);
  expect(await answer.getByRole("row").count()).toBe(4);
  expect(await answer.locator("blockquote").count()).toBe(1);
  expect(await answer.locator("pre .hl-keyword").count()).toBeGreaterThan(3);
  await expect(answer.locator("figcaption").innerText()).resolves.toContain(
    "python",
  );
});

test("code is copied as it stands", async () => {
  const desk = await open("?say=rich&pace=0", {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await desk.ask("Tides");
  await desk.page.locator("article[data-state=done]").waitFor();
  await desk.answer.getByRole("button", { name: "Copy code" }).click();
  await desk.answer.getByText("Copied").waitFor();
  const copied = await desk.page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain(
    "def heights(low: float, high: float) -> list[float]:",
  );
});

test("blocks that have ended are not drawn again", async () => {
  const desk = await open("?say=rich&pace=10");
  await desk.ask("Tides");
  await desk.answer.getByRole("table").waitFor();
  const kept = await desk.answer.locator("ol").elementHandle();
  await desk.page.locator("article[data-state=done]").waitFor();
  expect(await kept?.evaluate((list) => list.isConnected)).toBe(true);
});

test("an answer that means harm is text", async () => {
  const desk = await open("?say=hostile&pace=0");
  await desk.ask("Harm me");
  await desk.page.locator("article[data-state=done]").waitFor();
  const { answer, page } = desk;
  const text = await answer.innerText();
  expect(text).toContain('<script>window.harmed = "script";</script>');
  expect(text).toContain("a quiet harbour");
  expect(text).toContain("<i>and</i>");
  expect(
    await answer
      .locator("script, img, iframe, style, b, [onerror], [onmouseover]")
      .count(),
  ).toBe(0);
  expect(await answer.locator("[href], [src], [style]").count()).toBe(0);
  expect(await page.evaluate(() => "harmed" in window)).toBe(false);
  const links = await answer.getByRole("link").allInnerTexts();
  expect(links).toEqual(["a page that is not your bank"]);
});

test("a link asks first, and shows where it really leads", async () => {
  const desk = await open("?say=hostile&pace=0");
  await desk.ask("Harm me");
  await desk.page.locator("article[data-state=done]").waitFor();
  await desk.answer.getByRole("link").click();
  const url = "https://bank.example@evil.example/login";
  await expect(desk.page.getByTestId("link-url").innerText()).resolves.toBe(
    url,
  );
  await expect(
    desk.page.getByTestId("link-url").locator("strong").innerText(),
  ).resolves.toBe("evil.example");
  const opened = () =>
    desk.page.evaluate(() => document.documentElement.dataset["opened"]);
  await desk.page.keyboard.press("Escape");
  expect(await opened()).toBeUndefined();
  await desk.answer.getByRole("link").press("Enter");
  await desk.page.getByRole("button", { name: "Open in browser" }).click();
  expect(await opened()).toBe(url);
});

test("text from right to left runs from right to left", async () => {
  const desk = await open("?say=rtl&pace=0");
  await desk.ask("Arabic, please");
  await desk.page.locator("article[data-state=done]").waitFor();
  const direction = (selector: string) =>
    desk.answer
      .locator(selector)
      .first()
      .evaluate((each) => getComputedStyle(each).direction);
  expect(await direction("p")).toBe("rtl");
  expect(await direction("ul")).toBe("rtl");
  const english = desk.answer.getByText("And a line of English");
  expect(
    await english.evaluate((each) => getComputedStyle(each).direction),
  ).toBe("ltr");
});

test("wide tables and code scroll in their own box", async () => {
  const desk = await open("?say=rich&pace=0", {
    viewport: { width: 380, height: 700 },
  });
  await desk.ask("Tides");
  await desk.page.locator("article[data-state=done]").waitFor();
  const box = desk.page.locator("[data-scroll]");
  expect(
    await box.evaluate((each) => each.scrollWidth <= each.clientWidth),
  ).toBe(true);
});
