/** Something that happened elsewhere than where one looks, with at most one thing to do about it. */
export type Notice = { text: string; action?: { label: string; run: () => void } };

/** One notice at a time: the newest is the one that can still be undone. */
export class Notices {
  current = $state.raw<Notice | null>(null);

  show(notice: Notice): void {
    this.current = notice;
  }

  dismiss(): void {
    this.current = null;
  }
}
