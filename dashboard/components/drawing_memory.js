// Keeps the drawing in this tab's session storage, brings it back after a reload, and tells of a change of theme.

const NAME = "digits.drawing";
const watched = new WeakMap(); // the component's root -> what it calls

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".memory");
  let watcher = watched.get(root);
  if (!watcher) {
    watcher = {};
    watched.set(root, watcher);
    root.addEventListener("transitionend", () => watcher.tell());
  }
  watcher.tell = () => setTriggerValue("theme", getComputedStyle(root).color);

  if (data.fresh) {
    const kept = read();
    if (kept.length) setTriggerValue("restored", kept);
  } else {
    write(data.strokes);
  }
  return () => watched.delete(root);
}

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(NAME) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return []; // no storage in this browser, or not what this page wrote
  }
}

function write(strokes) {
  try {
    if (strokes.length) sessionStorage.setItem(NAME, JSON.stringify(strokes));
    else sessionStorage.removeItem(NAME);
  } catch {
    // No storage in this browser, or no room: a reload then starts with an empty sheet.
  }
}
