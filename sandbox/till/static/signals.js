// Values that tell their listeners when they change, as POS gives them to extensions.

export class Signal {
  #value;
  #listeners = new Set();

  constructor(value) {
    this.#value = value;
  }

  get value() {
    return this.#value;
  }

  /** Only the till itself sets a value; every listener hears it, equal or not. */
  set(value) {
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What an extension gets: it may look and listen, not set. */
  get readonly() {
    const signal = this;
    return Object.freeze({
      get value() {
        return signal.value;
      },
      subscribe: (listener) => signal.subscribe(listener),
    });
  }
}
