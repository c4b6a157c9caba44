// A click on an utterance, in the timeline or on its time, opens and plays it; the one that plays is marked.

const PLAYER = "#clip-player video, #clip-player audio";

export function open(element) {
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-seek]");
    if (!button) return;
    event.preventDefault();
    const utterance = element.querySelectorAll(".cp-utterance")[button.dataset.number];
    if (utterance) utterance.open = true;
    const player = document.querySelector(PLAYER);
    if (!player) return;
    player.currentTime = Number(button.dataset.seek);
    player.play();
  });
  document.addEventListener("timeupdate", ({ target }) => {
    if (!target.matches(PLAYER)) return;
    for (const part of element.querySelectorAll(".cp-part")) {
      const plays = part.dataset.seek <= target.currentTime && target.currentTime < part.dataset.until;
      part.toggleAttribute("data-plays", plays);
    }
  }, true);
}
