/** What the stand-in says: short ones, a page with everything Markdown has, and one that means harm. */

export const SHORT = `A lectern holds the book one reads from, so that the hands are free. It stands where the light is good and is exactly as high as the reader needs.

Most are *slanted*, so that the lines at the top of the page are no further away than those at the foot.`;

export const RICH = `# How tides work

The Moon pulls on the ocean, and the ocean **answers slowly**. Two bulges of water travel round the Earth, one below the Moon and one on the far side; a coast passes through both in a little under *twenty-five* hours.

## What decides the height

1. The Moon’s distance, which changes by about 12 % over a month.
2. The Sun, whose pull is a bit less than half as strong:
   - when both pull in one line, there is a **spring tide**;
   - when they pull across each other, a **neap tide**.
3. The shape of the coast. A funnel such as the Bay of Fundy gathers the water.

> “Time and tide wait for no man”, but they do keep an appointment.

| Place | Mean range | Kind |
|:--|--:|:-:|
| Bay of Fundy | 11.7 m | twice a day |
| Bristol Channel | 9.6 m | twice a day |
| Gulf of Mexico | 0.5 m | once a day |

### A rough estimate

The rule of twelfths tells how much water comes in each hour:

\`\`\`python
TWELFTHS = [1, 2, 3, 3, 2, 1]

def heights(low: float, high: float) -> list[float]:
    """Height at the end of each hour of a rising tide."""
    level, out = low, []
    for part in TWELFTHS:
        level += (high - low) * part / 12  # an hour's share
        out.append(round(level, 2))
    return out

print(heights(0.6, 5.4))  # "rises fastest in the middle"
\`\`\`

Call \`heights(0.6, 5.4)\` and compare it with the tables of your harbour. Before you go:

- [x] look up high water
- [x] add an hour for summer time
- [ ] tell somebody when you will be back

---

More is in the [glossary of the Hydrographic Office](https://www.example.org/tides/glossary?term=neap), which is ~~short~~ thorough.`;

export const HOSTILE = `Here is a page that means harm.

<script>window.harmed = "script";</script>

<img src="https://tracker.example/pixel.png" onerror="window.harmed = 'image'">

![a quiet harbour](https://tracker.example/harbour.png "title")

A [link that runs](javascript:window.harmed='link'), [one with data](data:text/html,<script>window.harmed='data'</script>),
[one to a file](file:///etc/passwd) and [a page that is not your bank](https://bank.example@evil.example/login).

Inline <b onmouseover="window.harmed='bold'">markup</b> &lt;i&gt;and&lt;/i&gt; <style>body { display: none }</style> <iframe src="https://tracker.example"></iframe>

| <script>window.harmed='cell'</script> | b |
|---|---|
| ![x](https://tracker.example/cell.png) | [y](vbscript:x) |

\`\`\`html
<script>window.harmed = "code";</script>
\`\`\``;

export const RTL = `شارع طويل يمتد من البحر إلى الجبل، وعلى جانبيه **بيوت بيضاء**.

- البيت الأول
- البيت الثاني

And a line of English between them.`;

/** An answer that goes on for pages. */
export const LONG = Array.from(
  { length: 24 },
  (_, part) =>
    `## Part ${part + 1}\n\n${SHORT}\n\n- one thing to keep\n- and another\n\n\`\`\`js\nconst part = ${part + 1};\n\`\`\``,
).join("\n\n");

/** What a question gets when the address of the page does not say. */
export function answerTo(question: string): string {
  const asked = question.toLowerCase();
  if (asked.includes("tide")) return RICH;
  if (asked.includes("harm")) return HOSTILE;
  if (asked.includes("long")) return LONG;
  return SHORT;
}

export const named: Record<string, string> = {
  short: SHORT,
  rich: RICH,
  hostile: HOSTILE,
  rtl: RTL,
  long: LONG,
};
