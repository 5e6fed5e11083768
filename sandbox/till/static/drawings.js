// What each element of POS looks like here: its HTML once, and how its properties change it.
// An element without a drawing cannot be seen: add it when the extension begins to use it.

import {boxStyle, SIZES, spacing} from './sizes.js';

const box = {
  html: '<div class="box"><slot></slot></div>',
  draw: (_, root, values) => Object.assign(root.querySelector('.box').style, boxStyle(values)),
};

const field = {
  html: `<label><span class="label"></span><input autocomplete="off"></label>
    <slot name="accessory"></slot><p class="details"></p><p class="error" role="alert"></p>`,
  listen: (host, root) => listenToInput(host, root.querySelector('input')),
  draw: (host, root, values) => drawField(root, root.querySelector('input'), values),
};

export const DRAWINGS = {
  's-tile': {
    html: '<button type="button"><span class="count"></span><strong></strong><small></small></button>',
    draw(_, root, {heading = '', subheading = '', itemCount, disabled, tone}) {
      const button = root.querySelector('button');
      button.disabled = isOn(disabled);
      button.className = `tile ${tone ?? ''}`;
      root.querySelector('strong').textContent = heading;
      root.querySelector('small').textContent = subheading;
      root.querySelector('.count').textContent = itemCount || '';
    },
  },
  's-page': {
    html: `<header class="page"><h1></h1><p></p><slot name="secondary-actions"></slot></header>
      <main><slot></slot></main>`,
    draw(_, root, {heading = '', subheading = ''}) {
      root.querySelector('h1').textContent = heading;
      root.querySelector('p').textContent = subheading;
    },
  },
  's-scroll-box': box,
  's-box': box,
  's-stack': {
    html: '<div class="stack"><slot></slot></div>',
    draw(_, root, values) {
      const {direction = 'block', alignItems, justifyContent, gap, rowGap, columnGap} = values;
      Object.assign(root.querySelector('.stack').style, boxStyle(values), {
        flexDirection: direction === 'inline' ? 'row' : 'column',
        flexWrap: direction === 'inline' ? 'wrap' : 'nowrap',
        alignItems: alignItems || (direction === 'inline' ? 'start' : 'stretch'),
        justifyContent: justifyContent || 'start',
        gap: spacing(gap),
        ...(rowGap ? {rowGap: spacing(rowGap)} : {}),
        ...(columnGap ? {columnGap: spacing(columnGap)} : {}),
      });
    },
  },
  's-section': {
    html: '<section class="section"><h2></h2><slot name="secondary-actions"></slot><slot></slot></section>',
    draw: (_, root, {heading = ''}) => (root.querySelector('h2').textContent = heading),
  },
  's-heading': {html: '<h2><slot></slot></h2>'},
  's-text': {
    html: '<span><slot></slot></span>',
    draw(_, root, {color = '', tone = '', type = ''}) {
      root.querySelector('span').className = `text ${color} tone-${tone} ${type}`;
    },
  },
  's-badge': {
    html: '<span><slot></slot></span>',
    draw: (_, root, {tone = 'auto'}) => (root.querySelector('span').className = `badge tone-${tone}`),
  },
  's-banner': {
    html: `<div role="status"><strong></strong><slot></slot><slot name="primary-action"></slot></div>`,
    draw(_, root, {heading = '', tone = 'auto', hidden}) {
      const banner = root.querySelector('div');
      banner.className = `banner tone-${tone}`;
      banner.hidden = isOn(hidden);
      root.querySelector('strong').textContent = heading;
    },
  },
  's-button': {
    html: '<button type="button"><slot></slot></button>',
    draw(_, root, {variant = 'auto', tone = 'auto', disabled, loading}) {
      const button = root.querySelector('button');
      button.className = `button ${variant} tone-${tone} ${isOn(loading) ? 'loading' : ''}`;
      button.disabled = isOn(disabled) || isOn(loading);
    },
  },
  's-text-field': field,
  's-email-field': field,
  's-number-field': {
    ...field,
    draw(host, root, values) {
      const input = root.querySelector('input');
      input.inputMode = values.inputMode || 'decimal';
      drawField(root, input, values);
    },
  },
  's-choice-list': {
    html: '<div role="radiogroup"><slot></slot></div>',
    listen(host) {
      host.addEventListener('choose', (event) => {
        host.state = {...host.state, values: [event.detail]};
        markChoices(host);
        host.dispatchEvent(new Event('input', {bubbles: true}));
        host.dispatchEvent(new Event('change', {bubbles: true}));
      });
    },
    draw: (host) => markChoices(host),
  },
  's-choice': {
    html: '<button type="button" class="choice" role="radio"><i></i><slot></slot></button>',
    listen(host, root) {
      root.querySelector('button').addEventListener('click', () =>
        host.dispatchEvent(new CustomEvent('choose', {bubbles: true, detail: host.value})),
      );
    },
    draw(_, root, {selected, disabled}) {
      root.querySelector('button').ariaChecked = String(isOn(selected));
      root.querySelector('button').disabled = isOn(disabled);
    },
  },
  's-divider': {html: '<hr>'},
  's-spinner': {
    html: '<div class="spinner" role="progressbar"></div>',
    draw: (_, root, {accessibilityLabel = ''}) =>
      (root.querySelector('div').ariaLabel = accessibilityLabel),
  },
  's-image': {
    html: '<img alt="">',
    draw(_, root, {src = '', inlineSize = 'fill', objectFit = 'contain'}) {
      const image = root.querySelector('img');
      if (image.getAttribute('src') !== src) image.src = src;
      Object.assign(image.style, {width: inlineSize === 'fill' ? '100%' : 'auto', objectFit});
    },
  },
  's-icon': {
    html: '<span class="icon" aria-hidden="true"></span>',
    draw: (_, root, {type = '', size = 'base'}) => {
      root.querySelector('span').textContent = '◆';
      root.querySelector('span').title = type;
      root.querySelector('span').style.fontSize = `${SIZES[size] ?? 16}px`;
    },
  },
};

function listenToInput(host, input) {
  // `input` itself leaves the shadow, `change` does not.
  input.addEventListener('input', () => (host.state = {...host.state, value: input.value}));
  input.addEventListener('change', () => host.dispatchEvent(new Event('change', {bubbles: true})));
}

function drawField(root, input, {label = '', value = '', placeholder = '', details = '', error = '', ...rest}) {
  root.querySelector('.label').textContent = label;
  if (input.value !== String(value)) input.value = value;
  input.placeholder = placeholder;
  input.disabled = isOn(rest.disabled);
  input.required = isOn(rest.required);
  if (rest.maxLength > 0) input.maxLength = rest.maxLength;
  input.ariaInvalid = String(Boolean(error));
  root.querySelector('.details').textContent = details;
  root.querySelector('.error').textContent = error;
}

function markChoices(host) {
  const chosen = Array.isArray(host.values) ? host.values : [];
  for (const choice of host.querySelectorAll('s-choice')) choice.selected = chosen.includes(choice.value);
}

/** A property that is there without a value is on; an absent or empty one is off. */
function isOn(value) {
  return value === true || (typeof value === 'string' && value !== '' && value !== 'false');
}
