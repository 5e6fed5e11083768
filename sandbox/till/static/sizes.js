// POS's scale of sizes, and the properties of boxes, as CSS.

export const SIZES = {
  none: 0,
  'small-500': 2,
  'small-400': 4,
  'small-300': 6,
  'small-200': 8,
  'small-100': 10,
  small: 12,
  base: 16,
  large: 20,
  'large-100': 24,
  'large-200': 28,
  'large-300': 32,
  'large-400': 40,
  'large-500': 48,
};

/** `large none` as `20px 0px`; an unknown word is an error, for POS has no such size. */
export function spacing(words) {
  if (!words) return '';
  return words
    .split(' ')
    .map((word) => {
      if (!(word in SIZES)) throw new RangeError(`POS has no size ${word}`);
      return `${SIZES[word]}px`;
    })
    .join(' ');
}

export function boxStyle(values) {
  const style = {padding: spacing(values.padding)};
  const sides = {paddingBlock: 1, paddingInline: 1, paddingBlockStart: 1, paddingBlockEnd: 1};
  for (const side of [...Object.keys(sides), 'paddingInlineStart', 'paddingInlineEnd']) {
    if (values[side]) style[side] = spacing(values[side]);
  }
  for (const size of ['blockSize', 'inlineSize', 'maxBlockSize', 'maxInlineSize']) {
    if (values[size]) style[size] = values[size];
  }
  for (const size of ['minBlockSize', 'minInlineSize']) {
    if (values[size]) style[size] = values[size] === '0' ? '0px' : values[size];
  }
  return style;
}
