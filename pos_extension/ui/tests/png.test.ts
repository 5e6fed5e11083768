import {inflateSync} from 'node:zlib';
import {expect, test} from 'vitest';
import {qrImage} from '../src/png';
import {CARD} from './cast';

const QUIET = 4;
const DOTS = 8;

test('the image shows every module, dark on light, inside a quiet zone', () => {
  const {side, isDark} = read(qrImage(CARD.qr_modules));

  const modules = CARD.qr_modules.length;
  expect(side).toBe((modules + 2 * QUIET) * DOTS);
  for (let y = -QUIET; y < modules + QUIET; y++) {
    for (let x = -QUIET; x < modules + QUIET; x++) {
      const wanted = CARD.qr_modules[y]?.[x] === '1';
      const middle = DOTS / 2;
      expect(isDark((x + QUIET) * DOTS + middle, (y + QUIET) * DOTS + middle)).toBe(wanted);
    }
  }
});

test('a large code needs more than one block and stays whole', () => {
  const rows = Array.from({length: 97}, () => '10'.repeat(48) + '1');

  expect(read(qrImage(rows)).side).toBe((97 + 8) * DOTS);
});

/** A reader of its own: chunks, checksums by length, zlib's own inflate. */
function read(url: string) {
  const bytes = Buffer.from(url.replace('data:image/png;base64,', ''), 'base64');
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    chunks.set(bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const side = chunks.get('IHDR')!.readUInt32BE(0);
  const lines = inflateSync(chunks.get('IDAT')!); // refuses a wrong Adler-32
  const width = 1 + side / 8;
  expect(lines.length).toBe(width * side);
  const isDark = (x: number, y: number) => ((lines[y * width + 1 + (x >> 3)]! >> (7 - (x & 7))) & 1) === 0;
  return {side, isDark};
}
