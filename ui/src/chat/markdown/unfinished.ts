/**
 * What to put behind an answer that is still being written, so that its last line already looks as it will:
 * `**bo` is shown as a bold "bo", not as two stars that vanish when the other two arrive.
 */

/** A mark that is open, as long as something follows it directly. */
const MARKS = ["**", "__", "~~", "*", "_"];

/** `line` without what would be drawn differently a word later, and with its open marks closed. */
export function finished(line: string): string {
  const open: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (line[at] === "\\") {
      at += 2;
      continue;
    }
    const ticks = /^`+/.exec(line.slice(at))?.[0];
    if (ticks !== undefined) {
      const end = endOfCode(line, at + ticks.length, ticks);
      if (end === null) return withCode(line, at, ticks, open);
      at = end;
      continue;
    }
    const mark = MARKS.find((mark) => line.startsWith(mark, at));
    if (mark === undefined) {
      at += 1;
      continue;
    }
    const after = line[at + mark.length] ?? "";
    if (open.includes(mark) && !/\s/.test(line[at - 1] ?? " ")) {
      open.length = open.lastIndexOf(mark);
    } else if (opens(mark, line[at - 1] ?? "", after)) {
      open.push(mark);
    }
    at += mark.length;
  }
  // A mark that nothing follows yet is not drawn, and neither is an address that is being written.
  let shown = line.replace(/(?<=^|[\s([{"'])(\*{1,3}|_{1,3}|~~)$/, "");
  shown = shown.replace(/!?\[([^[\]]*)\]\([^()\s]*$/, "$1");
  return (
    shown.trimEnd() +
    open
      .filter((mark) => !bare(line, mark))
      .reverse()
      .join("")
  );
}

/** Whether `line` ends with `mark` and it begins something there. */
const bare = (line: string, mark: string) =>
  line.endsWith(mark) && /(^|[\s([{"'])$/.test(line.slice(0, -mark.length));

/** Whether `mark` begins something: not before white space, and `_` not inside a word. */
function opens(mark: string, before: string, after: string): boolean {
  if (/\s/.test(after)) return false;
  return !mark.startsWith("_") || !/[\p{L}\p{N}]/u.test(before);
}

function endOfCode(line: string, from: number, ticks: string): number | null {
  for (const match of line.slice(from).matchAll(/`+/g)) {
    if (match[0] === ticks) return from + match.index + ticks.length;
  }
  return null;
}

/** A line that ends inside of code, which began `at`. */
function withCode(line: string, at: number, ticks: string, open: string[]): string {
  const empty = line.length === at + ticks.length;
  const shown = empty ? line.slice(0, at).trimEnd() : line + ticks;
  return shown + open.reverse().join("");
}
