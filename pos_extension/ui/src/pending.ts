// Remembers a grant or a redemption until its answer is known, so that closing the modal, or a
// dead battery, cannot turn one into two. It holds no contact, code or PIN, and goes away with
// its answer.

import type {Till} from './host';
import {type GrantWrite, type RedeemWrite, withoutProof, type Write} from './writes';

const KEYS = {grant: 'pending_grant', redeem: 'pending_redeem'};
/** Our server keeps the answer to a client key longer than this. */
const KEPT_MS = 24 * 60 * 60 * 1000;

type Kept = GrantWrite | RedeemWrite;

interface Pending {
  write: Kept;
  at: number;
}

type Storage = Till['storage'];

export async function remember(storage: Storage, write: Write, now = Date.now()): Promise<void> {
  if (!isKept(write)) return;
  const kept = write.kind === 'redeem' ? withoutProof(write) : write;
  await quietly(() => storage.set(KEYS[write.kind], {write: kept, at: now}));
}

export async function forget(storage: Storage, write: Write): Promise<void> {
  if (isKept(write)) await quietly(() => storage.delete(KEYS[write.kind]));
}

/** The write whose answer never came, if there is one. */
export async function findPending(storage: Storage, now = Date.now()): Promise<Kept | null> {
  for (const key of Object.values(KEYS)) {
    const found = (await quietly(() => storage.get(key))) as Pending | undefined;
    if (found && now - found.at < KEPT_MS) return found.write;
  }
  return null;
}

function isKept(write: Write): write is Kept {
  return write.kind in KEYS;
}

/** A till whose storage is full or broken still works; it only forgets. */
async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
