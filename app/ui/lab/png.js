// A click on "Save as PNG" draws the figure's SVG on a canvas, on white, twice as large, and saves that.

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-png]");
  const drawing = button?.closest("figure")?.querySelector("svg");
  if (!drawing) return;
  const { width, height } = drawing.viewBox.baseVal;
  const picture = new Image();
  picture.onload = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    Object.assign(document.createElement("a"), { href: canvas.toDataURL("image/png"), download: `${button.dataset.png}.png` }).click();
  };
  const sized = drawing.cloneNode(true);
  sized.setAttribute("width", width);
  sized.setAttribute("height", height);
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(sized))}`;
});
