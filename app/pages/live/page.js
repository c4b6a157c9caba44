// The live page's element and the calls of its server: what every script of it works on.

import * as dom from "../shared/dom.js";

export let root;
export let server;

export function begin(element, calls) {
  root = element.querySelector("[data-live]");
  server = calls;
}

export const part = (name, within = root) => dom.part(name, within);
