// A click on the time of an utterance plays it.

export function open(element) {
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-seek]");
    const player = document.querySelector("#clip-player video, #clip-player audio");
    if (!button || !player) return;
    event.preventDefault();
    player.currentTime = Number(button.dataset.seek);
    player.play();
  });
}
