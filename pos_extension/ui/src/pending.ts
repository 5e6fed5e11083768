// Remembers a grant until its answer is known, so that closing the modal, or a dead battery,
// cannot turn one grant into two. It holds no contact and no code, and goes away with its answer.

import type {Till} from './host';
import type {GrantWrite, Write} from './writes';

const KEY = 'pending_grant';
/** Our server keeps the answer to a client key longer than this. */
const KEPT_MS = 24 * 60 * 60 * 1000;

interface Pending {
  write: GrantWrite;
  at: number;
}

type Storage = Till['storage'];

export async function remember(storage: Storage, write: Write, now = Date.now()): Promise<void> {
  if (write.kind === 'grant') await quietly(() => storage.set(KEY, {write, at: now}));
}

export async function forget(storage: Storage, write: Write): Promise<void> {
  if (write.kind === 'grant') await quietly(() => storage.delete(KEY));
}

/** The grant whose answer never came, if there is one. */
export async function findPending(storage: Storage, now = Date.now()): Promise<GrantWrite | null> {
  const found = (await quietly(() => storage.get(KEY))) as Pending | undefined;
  return found && now - found.at < KEPT_MS ? found.write : null;
}

/** A till whose storage is full or broken still works; it only forgets. */
async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
