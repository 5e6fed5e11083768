// Runs one target of the extension: sets up what POS sets up, then loads its script.

import {defineElements} from './elements.js';
import {createFetch} from './network.js';
import {shopifyFor} from './shopify.js';

const frame = JSON.parse(document.getElementById('facts').textContent);
const {till} = window.parent;
const entries = new Map();

window.addEventListener('error', (event) => till.refuse(`script: ${event.message}`));
window.addEventListener('unhandledrejection', (event) => till.refuse(`script: ${event.reason}`));

const api = shopifyFor(frame, till.device, till.refuse);
const extend = (target, entry) => {
  if (target !== frame.target) throw new Error(`this is ${frame.target}, not ${target}`);
  entries.set(target, entry);
};
define('shopify', new Proxy(api, {get: (known, name) => (name === 'extend' ? extend : known[name])}));
define('fetch', createFetch(frame, till.device));
define('close', () => till.closeModal());
define('navigation', navigationOf());

await defineElements(frame.tags);
refuseStrangers();
await load(`/bundle/${frame.target}.js`);
const entry = entries.get(frame.target);
if (entry) await entry(api);
else till.refuse(`${frame.target} did not register itself`);

function define(name, value) {
  Object.defineProperty(window, name, {value, configurable: true});
}

/** POS draws its own elements with their own properties; anything else is refused aloud. */
function refuseStrangers() {
  const look = (element) => {
    const known = frame.tags[element.localName];
    if (!known) till.refuse(`${frame.target} has no element <${element.localName}>`);
    else for (const {name} of element.attributes) lookAt(element, name, known);
  };
  const lookAt = (element, name, known) => {
    if (!known.props.includes(name) && name !== 'slot') {
      till.refuse(`<${element.localName}> has no property ${name}`);
    }
  };
  new MutationObserver((changes) => {
    for (const {addedNodes, target, type} of changes) {
      if (type === 'attributes') look(target);
      for (const added of addedNodes) {
        if (added instanceof Element) [added, ...added.querySelectorAll('*')].forEach(look);
      }
    }
  }).observe(document.body, {childList: true, subtree: true, attributes: true});
}

function load(address) {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), {src: address});
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${address} did not load`));
    document.head.append(script);
  });
}

/** The history of a modal's screens. */
function navigationOf() {
  const entryOf = (url, state) => ({key: crypto.randomUUID(), url, getState: () => structuredClone(state)});
  const [history, listeners] = [[entryOf(null, undefined)], new Set()];
  const tell = (from) => listeners.forEach((listener) => listener({from}));
  return {
    get currentEntry() {
      return history.at(-1);
    },
    async navigate(url, {state} = {}) {
      const from = history.at(-1);
      history.push(entryOf(url, state));
      tell(from);
    },
    back() {
      if (history.length > 1) tell(history.pop());
    },
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  };
}
