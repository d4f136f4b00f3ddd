// The squares with their past: 784 grey values, undo and redo, kept in this tab's session storage for a reload.

const SIDE = 28;
const STORED = "digits.pixels";

function openPixels() {
  let past = [];
  let future = [];
  const pixels = { start: null, first: new Uint8Array(SIDE * SIDE), values: new Uint8Array(SIDE * SIDE) };

  // Another start takes the place of what is there; after a reload, what was drawn from the same start comes back.
  // Returns whether it did.
  pixels.open = (start, first, values) => {
    if (start === pixels.start) return false;
    [past, future] = [[], []];
    const kept = readKept(start);
    Object.assign(pixels, { start, first, values: kept ?? values });
    return kept !== null && kept.some((value, place) => value !== values[place]);
  };

  pixels.mark = () => {
    past.push(pixels.values.slice());
    if (past.length > 100) past.shift();
    future = [];
  };
  pixels.undo = () => {
    if (!past.length) return;
    future.push(pixels.values);
    pixels.values = past.pop();
  };
  pixels.redo = () => {
    if (!future.length) return;
    past.push(pixels.values);
    pixels.values = future.pop();
  };
  pixels.can = () => ({ undo: past.length > 0, redo: future.length > 0 });

  pixels.keep = () => {
    try {
      sessionStorage.setItem(STORED, JSON.stringify({ start: pixels.start, pixels: toBase64(pixels.values) }));
    } catch {
      // No storage in this browser: a reload then starts anew.
    }
  };
  return pixels;
}

function readKept(start) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORED) ?? "null");
    const values = kept?.start === start ? fromBase64(kept.pixels) : null;
    return values?.length === SIDE * SIDE ? values : null;
  } catch {
    return null; // no storage in this browser, or not what this page wrote
  }
}

function toBase64(values) {
  return btoa(String.fromCharCode(...values));
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
