import { follows, isAtEnd, type Place } from "./scroll";

/** The one owner of where a conversation is scrolled to. */
export class Scroll {
  atEnd = $state(true);
  #followed = true;
  #box: HTMLElement | null = null;
  #before: Place = { top: 0, height: 0, view: 0 };

  /** For `{@attach}` on the box that scrolls; its first child is what grows. */
  readonly attach = (box: HTMLElement) => {
    this.#box = box;
    this.toEnd();
    const onscroll = () => {
      const now = this.#place();
      this.#followed = follows(this.#followed, this.#before, now);
      this.#before = now;
      this.atEnd = isAtEnd(now);
    };
    const grown = new ResizeObserver(() => {
      if (this.#followed) this.toEnd();
      else onscroll();
    });
    box.addEventListener("scroll", onscroll, { passive: true });
    grown.observe(box);
    if (box.firstElementChild) grown.observe(box.firstElementChild);
    return () => {
      box.removeEventListener("scroll", onscroll);
      grown.disconnect();
      this.#box = null;
    };
  };

  toEnd(): void {
    if (this.#box === null) return;
    this.#followed = true;
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#before = this.#place();
    this.atEnd = true;
  }

  /** Runs what adds content above, and keeps what is seen where it is. */
  async keeping(run: () => Promise<void>): Promise<void> {
    const box = this.#box;
    if (box === null) return await run();
    const fromEnd = box.scrollHeight - box.scrollTop;
    await run();
    box.scrollTop = box.scrollHeight - fromEnd;
    this.#before = this.#place();
  }

  #place(): Place {
    const box = this.#box;
    if (box === null) return this.#before;
    return { top: box.scrollTop, height: box.scrollHeight, view: box.clientHeight };
  }
}
