// The component is there: everything else can be loaded.

import { begin } from "./page.js";

export function open(element, calls) {
  begin(element, calls);
  return import("./controls.js");
}
