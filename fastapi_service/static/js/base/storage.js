// sessionStorage, or memory where the browser forbids it.

/** @returns {Storage} */
export function sessionStore() {
  try {
    const storage = window.sessionStorage;
    storage.setItem('wta.probe', '1');
    storage.removeItem('wta.probe');
    return storage;
  } catch {
    return new MemoryStorage();
  }
}

/** @implements {Storage} */
export class MemoryStorage {
  /** @type {Map<string, string>} */ #items = new Map();

  get length() {
    return this.#items.size;
  }

  /** @param {string} key */
  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  setItem(key, value) {
    this.#items.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.#items.delete(key);
  }

  /** @param {number} index */
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }

  clear() {
    this.#items.clear();
  }
}
