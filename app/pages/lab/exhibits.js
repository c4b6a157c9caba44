// One exhibit of the lab at a time, on a phone and while steps are followed. Attributes say which one, and style sheets hide the others.

const AGAIN_MS = 50;

export function open(element) {
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-exhibit]");
    if (button) choose(button.dataset.exhibit);
  });
  const first = element.querySelector("[aria-pressed=true]").dataset.exhibit;
  // The exhibits stand below, and may not be there yet.
  const begin = () => { if (!choose(first)) setTimeout(begin, AGAIN_MS); };
  begin();
}

// Whether it is there.
export function choose(name) {
  for (const one of document.querySelectorAll(".cp-exhibit")) one.toggleAttribute("data-shown", one.id === `exhibit-${name}`);
  for (const button of document.querySelectorAll(".cp-exhibits [data-exhibit]")) {
    button.setAttribute("aria-pressed", String(button.dataset.exhibit === name));
  }
  return document.getElementById(`exhibit-${name}`) !== null;
}

// While steps are followed, wide screens, too, show one at a time.
export function alone(on) {
  document.getElementById("lab").toggleAttribute("data-alone", on);
}
