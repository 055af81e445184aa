import type { Failure } from "../backend";
import { failureOf } from "./failure";

/** What was tried, and went wrong: in words, with the way to try it again. */
export class Trying {
  failure = $state.raw<Failure | null>(null);
  retry = $state.raw<(() => void) | null>(null);

  /** True if it went well. */
  async run(what: () => Promise<void>): Promise<boolean> {
    this.dismiss();
    try {
      await what();
      return true;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      this.retry = () => void this.run(what);
      return false;
    }
  }

  dismiss(): void {
    this.failure = null;
    this.retry = null;
  }
}
