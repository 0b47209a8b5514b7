/** Something that some wait for, and that is looked at again whenever it may have come true. */
export class Condition {
  readonly #holds: () => boolean;
  #waiting: (() => void)[] = [];

  constructor(holds: () => boolean) {
    this.#holds = holds;
  }

  /** Resolves when it holds, at once where it does. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.look();
    });
  }

  look(): void {
    if (this.#waiting.length === 0 || !this.#holds()) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
