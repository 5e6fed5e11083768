// Draws the elements of POS well enough to be looked at and driven. Each has exactly the
// properties that tags.json lists for it, so a property that POS does not have stays unknown.

import {DRAWINGS} from './drawings.js';

export async function defineElements(tags) {
  const sheet = new CSSStyleSheet();
  const address = new URL('elements.css', import.meta.url);
  // The frame's own `fetch` is the extension's, with POS's rules.
  sheet.replaceSync(await (await window.parent.fetch(address)).text());
  for (const [name, {props}] of Object.entries(tags)) {
    if (DRAWINGS[name]) customElements.define(name, elementOf(DRAWINGS[name], props, sheet));
  }
}

function elementOf(drawing, props, sheet) {
  class PosElement extends HTMLElement {
    // The properties by name; no element of POS has one called `state`.
    state = {};

    constructor() {
      super();
      const root = this.attachShadow({mode: 'open', delegatesFocus: true});
      root.adoptedStyleSheets = [sheet];
      root.innerHTML = drawing.html;
      drawing.listen?.(this, root);
    }

    connectedCallback() {
      drawing.draw?.(this, this.shadowRoot, this.state);
    }
  }
  for (const name of props.filter((prop) => prop !== 'id')) {
    Object.defineProperty(PosElement.prototype, name, {
      get() {
        return this.state[name];
      },
      set(value) {
        this.state[name] = value;
        if (this.isConnected) drawing.draw?.(this, this.shadowRoot, this.state);
      },
    });
  }
  return PosElement;
}
