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
    if (kept) setTriggerValue("restored", kept);
  } else {
    write(data.drawing);
  }
  return () => watched.delete(root);
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME) ?? "null");
  } catch {
    return null; // no storage in this browser, or not what this page wrote
  }
}

function write(drawing) {
  try {
    if (drawing.picture) sessionStorage.setItem(NAME, JSON.stringify(drawing));
    else sessionStorage.removeItem(NAME);
  } catch {
    // No storage in this browser, or no room: a reload then starts with an empty sheet.
  }
}
