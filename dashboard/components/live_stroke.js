// Tells what the sheet of paper looks like while a stroke is drawn and as soon as it ends. The canvas package itself
// sends a fifth of a second after the end; where its canvases are not found, the answer comes then. And it takes
// the package's toolbar away, and knows the other keys for Redo.

const PACE_MS = 50; // between two pictures, if the first is answered by then
const PATIENCE_MS = 1000; // an answer that takes longer is not waited for
const SEARCH_MS = 50; // between two looks for a canvas that is not on the page yet
const watchers = new WeakMap(); // the component's root -> what follows the pen for it

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".live");
  let watcher = watchers.get(root);
  if (!watcher) {
    watcher = follow();
    watchers.set(root, watcher);
  }
  watcher.send = (sheet) => setTriggerValue("sheet", sheet);
  if (data.answered === watcher.awaited) watcher.awaited = null;
  return () => {
    watcher.stop();
    watchers.delete(root);
  };
}

function follow() {
  const listening = new AbortController();
  // Awaited is the name of the picture that was sent last, until it is answered.
  const watcher = { send: () => {}, awaited: null };
  let sheets = null; // the canvases under the pen; null while it is up
  let isMoved = false;
  let sentAt = -Infinity;

  const send = () => {
    isMoved = false;
    sentAt = performance.now();
    watcher.awaited = String(performance.timeOrigin + sentAt);
    watcher.send({ name: watcher.awaited, picture: takePicture(sheets) });
  };
  const look = () => {
    if (!sheets) return;
    const wait = watcher.awaited ? PATIENCE_MS : PACE_MS;
    if (isMoved && performance.now() - sentAt > wait) send();
    requestAnimationFrame(look);
  };
  const listen = (kind, act) => addEventListener(kind, act, { capture: true, signal: listening.signal });

  listen("pointerdown", (event) => {
    sheets = findSheets(event);
    if (sheets) requestAnimationFrame(look);
  });
  listen("pointermove", () => (isMoved = true));
  // The canvas takes the stroke over in its next frame; only after that is the picture final.
  const end = () => requestAnimationFrame(() => setTimeout(finish));
  const finish = () => {
    if (sheets) send();
    sheets = null;
  };
  listen("pointerup", end);
  listen("pointercancel", end);
  listen("keydown", redo);

  const search = setInterval(() => uncoverSheet() && clearInterval(search), SEARCH_MS);
  watcher.stop = () => {
    listening.abort();
    clearInterval(search);
  };
  return watcher;
}

// The other keys for Redo, which a Mac has alone; a Streamlit button can have but one shortcut.
function redo(event) {
  const isRedo = (event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "z";
  const isWriting = event.composedPath()[0].closest?.("input, textarea, [contenteditable], [role=application]");
  if (!isRedo || isWriting) return;
  document.querySelector(".st-key-redo_stroke button")?.click();
  event.preventDefault();
}

// The toolbar lies unseen over the upper right of the sheet until a mouse hovers: a finger that begins there would hit
// its buttons. And who came to its Edit by keyboard could draw no more. Our own buttons say what is left of it.
function uncoverSheet() {
  const within = [...document.querySelectorAll(".st-key-sheet-of-paper *")].map((element) => element.shadowRoot);
  const root = within.find((one) => one?.querySelector(".dc-toolbar"));
  if (!root) return false;
  const style = new CSSStyleSheet();
  style.replaceSync(".dc-toolbar { display: none !important; }"); // its own style says flex
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, style];
  return true;
}

// The strokes that are done lie on the lower canvas, the one that is being drawn on the upper.
function findSheets(event) {
  const path = event.composedPath();
  const isOnSheet = path.some((element) => element.classList?.contains("st-key-sheet-of-paper"));
  const upper = isOnSheet && path[0].matches("canvas.upper-canvas") ? path[0] : null;
  const lower = upper?.parentElement.querySelector("canvas.lower-canvas");
  return lower ? [lower, upper] : null;
}

function takePicture([lower, upper]) {
  const sheet = document.createElement("canvas");
  sheet.width = lower.width;
  sheet.height = lower.height;
  const pen = sheet.getContext("2d");
  for (const canvas of [lower, upper]) pen.drawImage(canvas, 0, 0, sheet.width, sheet.height);
  return sheet.toDataURL("image/png");
}
