// Offers a text as a file, to be saved where the visitor likes.

const TYPES = { csv: "text/csv", tsv: "text/tab-separated-values", json: "application/json", vtt: "text/vtt", eaf: "application/xml" };

export function offerFile(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: TYPES[name.split(".").at(-1)] ?? "text/plain" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
