// A click on "Save as PNG" or "SVG" saves the drawing of the figure that the button stands in; a PNG is twice as large, on white.

export function open(element) {
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-save]");
    const drawing = button?.closest("figure")?.querySelector("svg");
    if (!drawing) return;
    const { width, height } = drawing.viewBox.baseVal;
    const sized = drawing.cloneNode(true);
    sized.setAttribute("width", width);
    sized.setAttribute("height", height);
    const address = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(sized))}`;
    const offer = (href, kind) => Object.assign(document.createElement("a"), { href, download: `${button.dataset.name}.${kind}` }).click();
    if (button.dataset.save === "svg") return offer(address, "svg");
    const picture = new Image();
    picture.onload = () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      offer(canvas.toDataURL("image/png"), "png");
    };
    picture.src = address;
  });
}
