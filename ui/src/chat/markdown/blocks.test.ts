import { describe, expect, test } from "vitest";
import type { Block, Inline } from "./ast";
import { NOTHING, parse, type Parsed } from "./blocks";

/** A parse in one line a block, short enough to be compared by eye. */
function shown(source: string): string[] {
  return parse(source).placed.map(({ block }) => line(block));
}

function line(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return `p ${inlines(block.inlines)}`;
    case "heading":
      return `h${block.level} ${inlines(block.inlines)}`;
    case "code":
      return `code(${block.language}${block.open ? ", open" : ""}) ${JSON.stringify(block.text)}`;
    case "quote":
      return `quote [${block.blocks.map(line).join("; ")}]`;
    case "list": {
      const items = block.items.map(
        (item) =>
          (item.task ? (item.checked ? "[x] " : "[ ] ") : "") + item.blocks.map(line).join("; "),
      );
      return `list(${block.start ?? "•"}) {${items.join(" | ")}}`;
    }
    case "table":
      return `table ${[block.head, ...block.rows].map((row) => row.map(inlines).join(",")).join(" / ")}`;
    case "rule":
      return "rule";
  }
}

function inlines(all: Inline[]): string {
  return all
    .map((inline) => {
      switch (inline.kind) {
        case "text":
          return inline.text;
        case "code":
          return `{${inline.text}}`;
        case "break":
          return "⏎";
        case "link":
          return `<${inline.url} ${inlines(inline.inlines)}>`;
        default:
          return `${inline.kind}(${inlines(inline.inlines)})`;
      }
    })
    .join("");
}

function check(source: string, expected: string[]) {
  expect(shown(source), source).toEqual(expected);
}

describe("what an answer may hold", () => {
  test("paragraphs with marks inside", () => {
    check("One **two *three*** `four`.\n\nFive  \nsix ~~no~~", [
      "p One strong(two emphasis(three)) {four}.",
      "p Five⏎six strike(no)",
    ]);
  });

  test("headings, rules and quotes", () => {
    check("# A\n\nB\n===\n\n---\n\n> C\n>\n> > D", [
      "h1 A",
      "h1 B",
      "rule",
      "quote [p C; quote [p D]]",
    ]);
  });

  test("lists, nested, numbered and with tasks", () => {
    check("- a\n  - b\n- c", ["list(•) {p a; list(•) {p b} | p c}"]);
    check("3. a\n4. b", ["list(3) {p a | p b}"]);
    check("- [x] done\n- [ ] not **yet**", ["list(•) {[x] p done | [ ] p not strong(yet)}"]);
    check("- a\n\n  ```js\n  b\n  ```", ['list(•) {p a; code(js) "b"}']);
  });

  test("tables", () => {
    check("| a | b |\n|:-:|--:|\n| *1* | 2 |", ["table a,b / emphasis(1),2"]);
  });

  test("code blocks, closed and not yet", () => {
    check("```rust\nfn a() {}\n```", ['code(rust) "fn a() {}"']);
    check("```python title=x\na\n", ['code(python, open) "a"']);
    check("~~~\na\n```\n~~~", ['code() "a\\n```"']);
    check("    indented", ['code() "indented"']);
  });

  test("character references are read, in code they are not", () => {
    check("a &amp; b &#169; &#x41; &unknown; `&amp;`", ["p a & b © A &unknown; {&amp;}"]);
  });
});

describe("what it may not do", () => {
  test("HTML is text", () => {
    check("<script>alert(1)</script>", ["p <script>alert(1)</script>"]);
    check("a <b onclick='x()'>c</b>", ["p a <b onclick='x()'>c</b>"]);
    check("<img src=x onerror=alert(1)>", ["p <img src=x onerror=alert(1)>"]);
    check("a<br>b", ["p a⏎b"]);
  });

  test("pictures are their description", () => {
    check("![a cat](https://example.org/cat.png)", ["p a cat"]);
  });

  test("links lead to the web or nowhere", () => {
    check("[a](https://example.org)", ["p <https://example.org/ a>"]);
    check("[a](javascript:alert(1)) [b](JaVaScRiPt:x) [c](data:text/html,x)", ["p a b c"]);
    check("[a](&#106;avascript:alert(1))", ["p a"]);
    check("https://example.org", ["p <https://example.org/ https://example.org>"]);
  });

  test("quotes nested without end stay shallow enough to draw", () => {
    expect(shown(">".repeat(400) + " a")).toHaveLength(1);
    expect(shown("- ".repeat(400) + "a")).toHaveLength(1);
  });
});

describe("an answer that grows", () => {
  const source =
    "# Title\n\nFirst *words*.\n\n- one\n- two\n\n  still two\n\n```js\nlet a = 1;\n\nlet b;\n```\n\n| a |\n|---|\n| b |\n\nlast\n";

  test("it reads the same word by word as at once", () => {
    let parsed: Parsed = NOTHING;
    for (let end = 1; end <= source.length; end++) parsed = parse(source.slice(0, end), parsed);
    expect(parsed.placed.map(({ block }) => line(block))).toEqual(shown(source));
  });

  test("blocks that ended stay the same objects", () => {
    const before = parse("# Title\n\nFirst.\n\nSec");
    const after = parse("# Title\n\nFirst.\n\nSecond.\n\nThird", before);
    expect(after.placed[0]).toBe(before.placed[0]);
    expect(after.placed[1]).toBe(before.placed[1]);
    expect(after.placed[2]).not.toBe(before.placed[2]);
    expect(after.placed.map(({ at }) => at)).toEqual([0, 9, 17, 26]);
  });

  test("another text begins anew", () => {
    expect(shown("b")).toEqual(parse("b", parse("a\n\nc")).placed.map(({ block }) => line(block)));
  });
});
