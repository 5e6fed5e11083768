// `shopify.storage`: kept on the device, for each shop, within POS's limits.
// https://shopify.dev/docs/api/pos-ui-extensions/2026-07/target-apis/platform-apis/storage-api

const RECORDS_MAX = 100;
const KEY_BYTES_MAX = 1024;
const VALUE_BYTES_MAX = 1024 * 1024;

class StorageError extends Error {
  name = 'StorageError';

  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export function createStorage(shop) {
  const prefix = `pos-storage:${shop}:`;
  const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  const nameOf = (key) => {
    if (typeof key !== 'string') throw new StorageError('KeyType', 'a key is a string');
    if (bytesOf(key) > KEY_BYTES_MAX) throw new StorageError('KeySize', 'the key is too long');
    return prefix + key;
  };
  return {
    async get(key) {
      const text = localStorage.getItem(nameOf(key));
      return text === null ? undefined : JSON.parse(text);
    },
    async set(key, value) {
      const [name, text] = [nameOf(key), JSON.stringify(value)];
      if (bytesOf(text) > VALUE_BYTES_MAX) throw new StorageError('RecordSize', 'too large');
      if (!keys().includes(name) && keys().length >= RECORDS_MAX) {
        throw new StorageError('RecordsCount', 'too many entries');
      }
      localStorage.setItem(name, text);
    },
    async delete(key) {
      const name = nameOf(key);
      const isThere = localStorage.getItem(name) !== null;
      localStorage.removeItem(name);
      return isThere;
    },
    async entries() {
      return keys().map((key) => [key.slice(prefix.length), JSON.parse(localStorage.getItem(key))]);
    },
    async clear() {
      keys().forEach((key) => localStorage.removeItem(key));
    },
  };
}

const bytesOf = (text) => new TextEncoder().encode(text).length;
