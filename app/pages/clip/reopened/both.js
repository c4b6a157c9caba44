// A second session beside the first: its name, the table of both, and where they agree.

import { part, setText } from "../../shared/dom.js";
import { opened, root } from "./state.js";

export function drawSecond(name, view) {
  // Two files of one name are told apart by their place.
  const again = name === opened.name;
  opened.second = { name: again ? `${name} (second)` : name, again, view, agreement: view.agreement };
  part("compared", root).hidden = false;
  setText(part("agreement", root), view.told);
  setText(part("one", root), opened.name);
  part("two", root).dataset.words = again ? "none" : "said";
  setText(part("two", root), opened.second.name);
  part("rows", root).replaceChildren(
    ...view.table.map(([title, ...cells]) => {
      const row = document.createElement("tr");
      row.append(Object.assign(document.createElement("th"), { scope: "row", textContent: title }));
      row.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
      if (title === "model") for (const cell of row.querySelectorAll("td")) cell.dataset.words = "said";
      return row;
    }),
  );
}

export function clearSecond() {
  opened.second = null;
  part("compared", root).hidden = true;
}
