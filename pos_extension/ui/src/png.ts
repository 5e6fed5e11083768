// Draws a QR code as a PNG in a data URL: POS shows images, but has no QR element for modals,
// and its images are drawn by the phone, which knows no SVG. https://www.w3.org/TR/png-3/

const QUIET_MODULES = 4; // the margin that scanners need
const DOTS_PER_MODULE = 8;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** `modules`: a string of 0 (light) and 1 (dark) for each row. */
export function qrImage(modules: string[]): string {
  const side = (modules.length + 2 * QUIET_MODULES) * DOTS_PER_MODULE;
  const header = [...uint32(side), ...uint32(side), 1, 0, 0, 0, 0]; // one bit a dot, greyscale
  const bytes = [
    ...SIGNATURE,
    ...chunk('IHDR', header),
    ...chunk('IDAT', stored(rows(modules, side))),
    ...chunk('IEND', []),
  ];
  return `data:image/png;base64,${base64(bytes)}`;
}

/** The image's lines: a filter byte (none), then eight dots a byte, 1 = light. */
function rows(modules: string[], side: number): number[] {
  const light = new Array<number>(1 + side / 8).fill(0xff);
  light[0] = 0;
  const margin = new Array<number[]>(QUIET_MODULES * DOTS_PER_MODULE).fill(light).flat();
  const middle = modules.flatMap((row) => {
    // A module is eight dots wide, so it fills one byte.
    const line = [...light];
    [...row].forEach((bit, x) => (line[1 + QUIET_MODULES + x] = bit === '1' ? 0x00 : 0xff));
    return new Array<number[]>(DOTS_PER_MODULE).fill(line).flat();
  });
  return [...margin, ...middle, ...margin];
}

/** zlib's wrapping around blocks that are stored as they are (RFC 1950, RFC 1951 3.2.4). */
function stored(data: number[]): number[] {
  const out = [0x78, 0x01];
  for (let start = 0; start < data.length; start += 0xffff) {
    const block = data.slice(start, start + 0xffff);
    const isLast = start + 0xffff >= data.length;
    const length = [block.length & 0xff, block.length >> 8];
    out.push(isLast ? 1 : 0, ...length, ...length.map((byte) => byte ^ 0xff));
    for (const byte of block) out.push(byte);
  }
  return out.concat(uint32(adler32(data)));
}

function chunk(type: string, data: number[]): number[] {
  const named = [...type].map((letter) => letter.charCodeAt(0)).concat(data);
  return uint32(data.length).concat(named, uint32(crc32(named)));
}

function adler32(data: number[]): number {
  let [a, b] = [1, 0];
  for (const byte of data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

function crc32(data: number[]): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** Of our own, because a till's engine need not have `btoa`. */
function base64(bytes: number[]): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let out = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a, b, c] = [bytes[at]!, bytes[at + 1], bytes[at + 2]];
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    out += letters[bits >> 18]! + letters[(bits >> 12) & 63]!;
    out += b === undefined ? '=' : letters[(bits >> 6) & 63]!;
    out += c === undefined ? '=' : letters[bits & 63]!;
  }
  return out;
}
