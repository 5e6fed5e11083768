// How many cards this device scanned today, for the tile.

import type {Till} from './host';

const KEY = 'scans_today';

interface Count {
  day: string;
  scans: number;
}

export async function countScan(storage: Till['storage'], now = new Date()): Promise<void> {
  try {
    await storage.set(KEY, {day: dayOf(now), scans: (await scansToday(storage, now)) + 1});
  } catch {
    // A number on a tile is not worth a sale.
  }
}

export async function scansToday(storage: Till['storage'], now = new Date()): Promise<number> {
  try {
    const count = (await storage.get(KEY)) as Count | undefined;
    return count?.day === dayOf(now) ? count.scans : 0;
  } catch {
    return 0;
  }
}

/** The till's own calendar day. */
function dayOf(now: Date): string {
  return `${now.getFullYear()}-${now.getMonth() + 1}-${now.getDate()}`;
}
