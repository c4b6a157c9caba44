// The page in another language: what stands in it in English is replaced by what the dictionary has for it (../languages/CODE.json).
// Every script and the server keep to English, so exports and programs do. What visitors say or type is never touched.

const REMEMBERED = "affect-language";
// The last two are shown by the style sheet.
const ATTRIBUTES = ["title", "aria-label", "placeholder", "alt", "data-now", "data-lacks"];
// An element with marks within its text is looked up as a whole, marks included.
const MIXED = "p, li, dd, td, summary, figcaption, span, label";
const MARKS = "STRONG EM B I A CODE BR";
const EXPRESSIONS = ["neutral", "joy", "sadness", "anger", "fear", "disgust", "surprise"];
const MOST_KEPT = 3000;

let exact = {};
let patterns = [];
let code = "en";
let offered = [];
let kept = new Map();
const missing = new Set();
// Node -> what the page wrote, and what it reads now; by attribute for attributes.
const written = new WeakMap();

export async function open(element) {
  const choice = element.querySelector("select");
  offered = [...choice.options].map((option) => option.value);
  await speak(wanted());
  choice.value = code;
  choice.addEventListener("change", () => {
    try { localStorage.setItem(REMEMBERED, choice.value); } catch { /* it is asked again next time */ }
    speak(choice.value);
  });
  choice.disabled = false;
  new MutationObserver((changes) => changes.forEach(take)).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES,
  });
}

// What is drawn and not written into the page: the text in the page's language.
export const translated = (text) => (code === "en" ? text : found(text) ?? text);

// What the page wrote into a node, in English, whatever it reads now.
export function english(node) {
  const before = written.get(node);
  if (node.nodeType === Node.TEXT_NODE) return before && before.shown === node.data ? before.english ?? node.data : node.data;
  if (before?.whole && before.whole.shown === node.innerHTML) return before.whole.english.replace(/<[^>]*>/g, "");
  return [...node.childNodes].map(english).join("");
}

// Texts that the dictionary has nothing for, of those that were to be shown.
export const untranslated = () => [...missing];

function wanted() {
  const asked = new URLSearchParams(location.search).get("lang");
  let remembered = null;
  try { remembered = localStorage.getItem(REMEMBERED); } catch { /* the browser's languages decide */ }
  return [asked, remembered, ...navigator.languages].map((one) => one?.slice(0, 2)).find((one) => offered.includes(one)) ?? "en";
}

async function speak(language) {
  const texts = language === "en" ? {} : await (await fetch(new URL(`../languages/${language}.json`, import.meta.url))).json();
  [code, exact, kept] = [language, texts, new Map()];
  missing.clear();
  patterns = Object.entries(texts).filter(([english]) => english.includes("{")).map(pattern).sort((one, other) => other.weight - one.weight);
  document.documentElement.lang = language;
  walk(document.body);
}

// "{n} of {m}": a name of one letter holds a number, {said...} whatever it is, {named...} an expression or a name that a visitor gave,
// which stays as it is, any other what the dictionary has, too.
function pattern([english, other]) {
  const names = [];
  const source = english.split(/(\{\w+\})/).map((part) => {
    if (!/^\{\w+\}$/.test(part)) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    names.push(part.slice(1, -1));
    return names.at(-1).length === 1 ? "([^\\p{L}]+?)" : /^(said|named)/.test(names.at(-1)) ? "([^]*)" : "([^]+?)";
  });
  return { names, other, weight: english.replace(/\{\w+\}/g, "").length, test: new RegExp(`^${source.join("")}$`, "u") };
}

function found(text) {
  if (kept.has(text)) return kept.get(text);
  const there = Object.hasOwn(exact, text) ? exact[text] : /\p{L}/u.test(text) ? filled(text) : text;
  if (kept.size < MOST_KEPT) kept.set(text, there);
  return there;
}

const isKept = (name, part) => name.length === 1 || name.startsWith("said") || (name.startsWith("named") && !EXPRESSIONS.includes(part));

function filled(text) {
  for (const { names, other, test } of patterns) {
    const match = test.exec(text);
    const parts = match && Object.fromEntries(names.map((name, i) => [name, isKept(name, match[i + 1]) ? match[i + 1] : found(match[i + 1])]));
    if (parts && Object.values(parts).every((part) => part !== null)) return other.replace(/\{(\w+)\}/g, (_, name) => parts[name]);
  }
  const sentences = text.split(/(?<=[.!?…]) (?=\p{Lu})/u);
  const others = sentences.length > 1 ? sentences.map(found) : [null];
  return others.includes(null) ? null : others.join(" ");
}

// What is told in English only: the models' cards and what reports say.
const inEnglish = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(".cp-english");

function take(change) {
  if (inEnglish(change.target)) return;
  if (change.type === "attributes") translateAttribute(change.target, change.attributeName);
  else if (change.type === "characterData") walk(change.target);
  else change.addedNodes.forEach(walk);
}

function walk(node) {
  if (node.nodeType === Node.TEXT_NODE) return translateText(node);
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches("script, style, textarea, .cp-english")) return;
  for (const name of ATTRIBUTES) if (node.hasAttribute(name)) translateAttribute(node, name);
  if (node.matches(MIXED) && node.children.length && [...node.children].every((child) => MARKS.includes(child.tagName)) && translateWhole(node)) return;
  node.childNodes.forEach(walk);
}

function isVisitors(node) {
  const words = (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest("[data-words]");
  return words !== null && words !== undefined && words.dataset.words !== "none";
}

function translateText(node) {
  const before = written.get(node);
  const english = before && before.shown === node.data ? before.english : node.data;
  if (isVisitors(node) || (before?.ofWhole && before.shown === node.data)) return;
  const [, space, text, end] = /^(\s*)([^]*?)(\s*)$/.exec(english);
  const other = text && code !== "en" ? found(text.replace(/\s+/g, " ")) : text;
  if (other === null && text) note(text);
  const shown = other === null ? english : space + other + end;
  written.set(node, { english, shown });
  if (node.data !== shown) node.data = shown;
}

function translateAttribute(node, name) {
  if (!node.hasAttribute(name) || isVisitors(node)) return;
  const before = written.get(node) ?? {};
  const value = node.getAttribute(name);
  const english = before[name]?.shown === value ? before[name].english : value;
  const other = code === "en" || !english ? english : found(english);
  if (other === null) note(english);
  const shown = other ?? english;
  written.set(node, { ...before, [name]: { english, shown } });
  if (value !== shown) node.setAttribute(name, shown);
}

// Its marks come from our dictionary, never from a visitor: only texts without holes are looked up.
function translateWhole(node) {
  const before = written.get(node)?.whole;
  const english = before?.shown === node.innerHTML ? before.english : node.innerHTML.replace(/\s+/g, " ").trim();
  const other = code === "en" ? before && english : Object.hasOwn(exact, english) ? exact[english] : null;
  if (!other) return false;
  node.innerHTML = other;
  written.set(node, { ...written.get(node), whole: { english, shown: node.innerHTML } });
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) written.set(texts.currentNode, { shown: texts.currentNode.data, ofWhole: true });
  return true;
}

function note(text) {
  if (/\p{L}{2}/u.test(text) && missing.size < MOST_KEPT) missing.add(text);
}
