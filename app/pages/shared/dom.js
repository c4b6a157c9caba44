// Parts of a page, and how their texts, widths and attributes are set. Only these change, so nothing flickers.

export const part = (name, within) => within.querySelector(`[data-part="${name}"]`);
// What a node was given last: what stands in it may be in another language.
const given = new WeakMap();
export const setText = (node, text) => {
  if (given.get(node) === text) return;
  given.set(node, text);
  node.textContent = text;
};
export const setWidth = (node, share) => { node.style.width = `${(100 * share).toFixed(1)}%`; };
export const setData = (node, name, value) => { if (node.dataset[name] !== String(value)) node.dataset[name] = value; };
