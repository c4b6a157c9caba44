// One exhibit of the lab at a time, on a phone and while steps are followed. Which one stands on the document's root, where style sheets
// find it.

const here = document.documentElement;

export function open(element) {
  // A link with the code of a class leads to the guesses.
  choose("guess");
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-exhibit]");
    if (button) choose(button.dataset.exhibit);
  });
}

export function choose(name) {
  here.dataset.exhibit = name;
  for (const button of document.querySelectorAll(".cp-exhibits [data-exhibit]")) {
    button.setAttribute("aria-pressed", String(button.dataset.exhibit === name));
  }
}

// While steps are followed, wide screens, too, show one at a time.
export function alone(on) {
  here.toggleAttribute("data-alone", on);
}
