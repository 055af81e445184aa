import { expect, test } from "vitest";
import { partsOf, webAddress } from "./link";

function check(href: string, expected: string | null) {
  expect(webAddress(href), href).toBe(expected);
}

test("pages of the web can be opened", () => {
  check("https://example.org/a?b=c#d", "https://example.org/a?b=c#d");
  check("HTTP://EXAMPLE.org", "http://example.org/");
});

test("nothing else can", () => {
  check("javascript:alert(1)", null);
  check(" javascript:alert(1)", null);
  check("java\nscript:alert(1)", null);
  check("data:text/html,<script>alert(1)</script>", null);
  check("file:///etc/passwd", null);
  check("tauri://localhost", null);
  check("//example.org", null);
  check("notes.html", null);
  check("#place", null);
  check("", null);
});

test("the host is set apart, also behind a name that looks like one", () => {
  expect(partsOf("https://bank.example@evil.example/bank.example")).toEqual({
    before: "https://bank.example@",
    host: "evil.example",
    after: "/bank.example",
  });
});
