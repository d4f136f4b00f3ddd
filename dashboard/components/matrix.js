// The confusion matrix: a grid of buttons. Row 0 and column 0 are the heads, the cells start at 1.

const matrices = new WeakMap(); // the component's root -> its matrix

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".matrix");
  let matrix = matrices.get(root);
  if (!matrix || matrix.size !== data.cells.length || matrix.axes.join() !== data.axes.join()) {
    matrix = buildMatrix(root, data.cells.length, data.axes);
    matrices.set(root, matrix);
  }
  matrix.choose = (choice) => setTriggerValue("clicked", choice);
  showCells(matrix, data);
  return () => {
    matrix.ink.close();
    root.replaceChildren();
    matrices.delete(root);
  };
}

function buildMatrix(root, size, axes) {
  const matrix = { size, axes, buttons: new Map(), ink: openInk(root), choose: () => {} };
  const [down, across] = axes;
  const table = document.createElement("table");
  table.setAttribute("role", "grid");
  table.setAttribute("aria-label", `Matrix: ${down} down the side, ${across} across`);

  const title = table.insertRow();
  addText(title, "td", "down", "");
  addText(title, "td", "", "");
  addText(title, "th", "axis across", across).colSpan = size;
  addText(title, "td", "total", "");

  for (let row = 0; row <= size; row += 1) {
    const line = table.insertRow();
    if (row === 0) addText(line, "td", "", "");
    if (row === 1) {
      const axis = addText(line, "th", "axis down", "");
      axis.rowSpan = size;
      axis.append(Object.assign(document.createElement("span"), { textContent: down }));
    }
    for (let column = 0; column <= size; column += 1) addButton(matrix, line, row, column);
    addText(line, row === 0 ? "th" : "td", "total", "");
  }

  const totals = table.insertRow();
  addText(totals, "td", "", "");
  addText(totals, "th", "total", "");
  for (let column = 0; column <= size; column += 1) addText(totals, "td", "total", "");

  table.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) matrix.choose(readPlace(button));
  });
  table.addEventListener("focusin", (event) => makeOnlyTabStop(matrix, event.target));
  table.addEventListener("keydown", (event) => moveFocus(matrix, event));
  matrix.table = table;
  root.replaceChildren(table);
  makeOnlyTabStop(matrix, matrix.buttons.get("1,1"));
  return matrix;
}

function addText(line, kind, className, text) {
  const box = document.createElement(kind);
  box.className = className;
  box.textContent = text;
  line.append(box);
  return box;
}

function addButton(matrix, line, row, column) {
  const isHead = row === 0 || column === 0;
  const box = addText(line, isHead ? "th" : "td", column === 0 ? "down-head" : "", "");
  if (row === 0 && column === 0) return;
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.row = row;
  button.dataset.column = column;
  if (isHead) {
    const digit = row + column - 1;
    button.className = "head";
    button.textContent = digit;
    button.setAttribute("aria-label", nameHead(matrix.axes, column === 0, digit));
    box.scope = column === 0 ? "row" : "col";
  }
  box.append(button);
  matrix.buttons.set(`${row},${column}`, button);
}

function nameHead([down, across], isRow, digit) {
  if (down === "true digit" && isRow) return `all that are ${digit}`;
  if (across === "predicted digit" && !isRow) return `all predicted as ${digit}`;
  return `all that ${isRow ? down : across} ${digit}`;
}

function readPlace(button) {
  const row = Number(button.dataset.row);
  const column = Number(button.dataset.column);
  return { true: row === 0 ? null : row - 1, predicted: column === 0 ? null : column - 1 };
}

function showCells(matrix, data) {
  matrix.ink.show(data.sheet);
  for (const button of matrix.buttons.values()) {
    const place = readPlace(button);
    const isChosen =
      data.selected && place.true === data.selected.true && place.predicted === data.selected.predicted;
    if (isChosen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    if (place.true === null || place.predicted === null) continue;
    const cell = data.cells[place.true][place.predicted];
    const isRight = cell.right;
    const kind = cell.shade > 0 ? "" : isRight ? "hidden-answer" : "none";
    const isPicture = data.sheet && cell.text;
    const dark = cell.shade > 0.75 && !isPicture ? "dark" : "";
    button.className = `cell ${isRight ? "right" : "wrong"} ${dark} ${kind} ${isPicture ? "picture" : ""}`;
    button.style.setProperty("--row", place.true);
    button.style.setProperty("--column", place.predicted);
    button.style.setProperty("--amount", cell.shade);
    button.textContent = isPicture ? "" : cell.text;
    button.setAttribute("aria-label", cell.description);
    button.title = cell.description;
  }
  const rows = [...matrix.table.rows];
  data.trueTotals.forEach((total, digit) => (rows[digit + 2].lastElementChild.textContent = total));
  const last = rows.at(-1);
  data.predictedTotals.forEach((total, digit) => (last.cells[digit + 2].textContent = total));
  last.lastElementChild.textContent = data.allTotal;
  rows[1].lastElementChild.textContent = last.cells[1].textContent = data.totalsAre;
}

// The whole grid is one stop of the Tab key; the arrow keys move within it.
function makeOnlyTabStop(matrix, chosen) {
  for (const button of matrix.buttons.values()) button.tabIndex = button === chosen ? 0 : -1;
}

function moveFocus(matrix, event) {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  const row = Number(event.target.dataset.row) + step[0];
  const column = Number(event.target.dataset.column) + step[1];
  matrix.buttons.get(`${row},${column}`)?.focus();
}
