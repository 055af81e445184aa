/** What an answer is made of, as far as the window draws it. Nothing in here can run or load. */

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "strong"; inlines: Inline[] }
  | { kind: "emphasis"; inlines: Inline[] }
  | { kind: "strike"; inlines: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "link"; url: string; inlines: Inline[] }
  | { kind: "break" };

export type Align = "left" | "center" | "right" | null;
export type Item = { task: boolean; checked: boolean; blocks: Block[] };

export type Block =
  | { kind: "paragraph"; inlines: Inline[] }
  | { kind: "heading"; level: number; inlines: Inline[] }
  /** `open` while the closing fence has not come. */
  | { kind: "code"; language: string; text: string; open: boolean }
  | { kind: "quote"; blocks: Block[] }
  /** `start` is the first number of an ordered list, `null` for bullets. */
  | { kind: "list"; start: number | null; loose: boolean; items: Item[] }
  | { kind: "table"; align: Align[]; head: Inline[][]; rows: Inline[][][] }
  | { kind: "rule" };
