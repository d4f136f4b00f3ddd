// 28 by 28 squares to draw on: arrows move, Space draws, X erases, and so do a mouse, a pen and a finger.

const editors = new WeakMap(); // the component's root -> its editor
const CELL = 12; // pixels of the canvas for one square
const REST_MS = 80; // the server is asked when the pen has rested this long

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".editor");
  let editor = editors.get(root);
  if (!editor) {
    editor = openEditor(root);
    editors.set(root, editor);
  }
  editor.send = (edited) => setStateValue("edited", edited);
  editor.show(data);
  return () => {
    editor.close();
    editors.delete(root);
  };
}

function openEditor(root) {
  const pixels = openPixels();
  const at = { row: 13, column: 13 };
  const editor = { send: () => {} };
  let timer = 0;
  let erasing = false; // by the mouse or the finger

  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE * CELL;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Pixel editor, 28 rows of 28 squares");
  canvas.setAttribute("aria-describedby", "pixel-keys");
  const tools = document.createElement("div");
  tools.className = "tools";
  const words = document.createElement("p");
  words.className = "words";
  words.id = "pixel-keys";
  words.innerHTML =
    "Arrow keys move, <kbd>Space</kbd> draws, <kbd>X</kbd> erases; with <kbd>Shift</kbd> the arrows draw as they " +
    "move. A mouse or a finger draws too.";
  const place = document.createElement("p");
  place.className = "place";
  place.setAttribute("aria-live", "polite");
  root.append(canvas, tools, place, words);

  const button = (name, act) => {
    const one = document.createElement("button");
    one.type = "button";
    one.textContent = name;
    one.addEventListener("click", act);
    tools.append(one);
    return one;
  };
  const eraser = button("Erase", () => {
    erasing = !erasing;
    eraser.setAttribute("aria-pressed", erasing);
  });
  eraser.setAttribute("aria-pressed", "false");
  const undo = button("Undo", () => change(pixels.undo));
  const redo = button("Redo", () => change(pixels.redo));
  const clear = button("Empty", () => {
    pixels.mark();
    pixels.values = new Uint8Array(SIDE * SIDE);
    changed();
  });

  const change = (act) => {
    act();
    changed();
  };

  const changed = () => {
    paint();
    pixels.keep();
    clearTimeout(timer);
    timer = setTimeout(() => editor.send({ start: pixels.start, pixels: toBase64(pixels.values) }), REST_MS);
  };

  const paint = () => {
    drawSquares(canvas, pixels.values, at, root.getRootNode().activeElement === canvas);
    const can = pixels.can();
    undo.disabled = !can.undo;
    redo.disabled = !can.redo;
    clear.disabled = !pixels.values.some(Boolean);
    const ink = Math.round((100 * pixels.values[at.row * SIDE + at.column]) / 255);
    place.textContent = `Row ${at.row + 1}, column ${at.column + 1}: ${ink ? `ink ${ink} %` : "paper"}`;
  };

  const touch = (row, column, erases) => {
    if (erases) pixels.values[row * SIDE + column] = 0;
    else inkSquare(pixels.values, row, column);
  };

  editor.show = (data) => {
    const restored = pixels.open(data.start, fromBase64(data.first), fromBase64(data.pixels));
    if (restored) changed();
    else paint();
  };
  editor.close = () => {
    clearTimeout(timer);
    root.replaceChildren();
  };

  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z" && key !== "y") return;
      change(key === "y" || event.shiftKey ? pixels.redo : pixels.undo);
    } else if (event.key in steps) {
      const [down, right] = steps[event.key];
      at.row = Math.min(SIDE - 1, Math.max(0, at.row + down));
      at.column = Math.min(SIDE - 1, Math.max(0, at.column + right));
      if (event.shiftKey) write(false);
      else paint();
    } else if (event.key === " ") write(false);
    else if (key === "x" || event.key === "Delete" || event.key === "Backspace") write(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const write = (erases) => {
    pixels.mark();
    touch(at.row, at.column, erases);
    changed();
  };

  followPointer(canvas, {
    begin: (row, column, isSecondButton) => {
      pixels.mark();
      editor.erases = erasing || isSecondButton;
      Object.assign(at, { row, column });
      touch(row, column, editor.erases);
      changed();
    },
    go: (row, column) => {
      Object.assign(at, { row, column });
      touch(row, column, editor.erases);
      changed();
    },
  });
  for (const name of ["focus", "blur"]) canvas.addEventListener(name, paint);
  return editor;
}

// A pen as thick as MNIST's: full ink here, half of it beside.
function inkSquare(values, row, column) {
  const raise = (r, c, ink) => {
    if (r < 0 || c < 0 || r >= SIDE || c >= SIDE) return;
    values[r * SIDE + c] = Math.max(values[r * SIDE + c], ink);
  };
  raise(row, column, 255);
  for (const [down, right] of [[0, 1], [1, 0], [0, -1], [-1, 0]]) raise(row + down, column + right, 128);
}

// Calls begin and go with every square that the pointer crosses, also where it moves faster than it reports.
function followPointer(canvas, { begin, go }) {
  let last = null;
  const find = (event) => {
    const box = canvas.getBoundingClientRect();
    const clamp = (value) => Math.min(SIDE - 1, Math.max(0, Math.floor(value * SIDE)));
    return [clamp((event.clientY - box.top) / box.height), clamp((event.clientX - box.left) / box.width)];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary) return;
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    last = find(event);
    begin(...last, event.button === 2);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last || !event.isPrimary) return;
    const next = find(event);
    const steps = Math.max(Math.abs(next[0] - last[0]), Math.abs(next[1] - last[1]));
    for (let step = 1; step <= steps; step += 1) {
      go(...[0, 1].map((axis) => Math.round(last[axis] + (step * (next[axis] - last[axis])) / steps)));
    }
    last = next;
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (last = null));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
}

function drawSquares(canvas, values, at, isFocused) {
  const context = canvas.getContext("2d");
  values.forEach((value, place) => {
    context.fillStyle = `rgb(${value} ${value} ${value})`;
    context.fillRect((place % SIDE) * CELL, Math.floor(place / SIDE) * CELL, CELL, CELL);
  });
  context.strokeStyle = "rgb(128 128 128 / 0.22)";
  context.lineWidth = 1;
  context.beginPath();
  for (let line = 1; line < SIDE; line += 1) {
    context.moveTo(line * CELL + 0.5, 0);
    context.lineTo(line * CELL + 0.5, canvas.height);
    context.moveTo(0, line * CELL + 0.5);
    context.lineTo(canvas.width, line * CELL + 0.5);
  }
  context.stroke();
  // Black and white rims, so that the pen is seen on paper and on ink.
  for (const [colour, rim] of isFocused ? [["#000", 3], ["#ffd54a", 2]] : []) {
    context.strokeStyle = colour;
    context.lineWidth = rim;
    context.strokeRect(at.column * CELL + 1, at.row * CELL + 1, CELL - 2, CELL - 2);
  }
}
